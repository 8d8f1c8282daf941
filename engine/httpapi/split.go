package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/schemas"
)

// The members of a submission.
const (
	memberInvoice     = "invoice"
	memberEnvironment = "environmentId"
	memberSource      = "source"
)

// submission is the body of a POST or PUT of an invoice, taken apart.
type submission struct {
	environment string // "" when absent
	invoice     []byte // the very bytes of the member
	source      []byte // that of the member, nil when absent
	// faults are what is wrong around the invoice, more how many are not among
	// them. They wait for those of the invoice, see refused.
	faults []domain.FieldError
	more   int
}

// split takes a submission apart without decoding the invoice: its bytes go on
// as they came, and are proved once, by the service that accepts them. members
// are the allowed ones. The error says that there is no invoice to look at.
func split(body []byte, members ...string) (submission, error) {
	s := splitter{b: body}
	raw, err := s.object(members)
	if err != nil {
		return submission{}, err
	}
	sub := submission{invoice: raw[memberInvoice], source: raw[memberSource]}
	if env, given := raw[memberEnvironment]; given {
		if json.Unmarshal(env, &sub.environment) != nil || !domain.IsID(domain.PrefixEnvironment, sub.environment) {
			sub.environment = ""
			s.fault("/"+memberEnvironment, "type", "The environment is not an id.", "Write the id of the key's environment, env_…, or leave it out.")
		}
	}
	_, given := raw[memberInvoice]
	if !given {
		s.fault("/"+memberInvoice, "required", "The invoice is missing.", `Send {"invoice": {…}}.`)
	}
	if sub.faults, sub.more = s.faults, s.more; !given {
		return submission{}, sub.refused(nil)
	}
	return sub, nil
}

// refused joins the faults around an invoice to what its service says of it:
// a sound invoice is refused for them alone, and a refusal that names no place
// stands by itself.
func (s submission) refused(err error) error {
	var e *domain.Error
	if len(s.faults) == 0 || err != nil && (!errors.As(err, &e) || len(e.Fields) == 0) {
		return err
	}
	out, more := invalidBody(s.faults), s.more
	if e != nil {
		if e.Kind != domain.KindInvalid {
			c := *e
			out = &c
		}
		out.Fields = slices.Concat(s.faults, e.Fields)
		n, _ := e.Extra["moreErrors"].(int)
		more += n
	}
	if over := len(out.Fields) - schemas.MaxViolations; over > 0 {
		out.Fields, more = out.Fields[:schemas.MaxViolations], more+over
	}
	if more > 0 {
		out.Extra = map[string]any{"moreErrors": more}
	}
	return out
}

// splitter finds where the members of one JSON object begin and end. It looks
// at brackets and quotes only; what is between them is the prover's.
type splitter struct {
	b      []byte
	i      int
	faults []domain.FieldError
	more   int // faults beyond those
}

// fault notes a fault; a body of nothing but faults is not answered in kind.
func (s *splitter) fault(pointer, code, detail, fix string) {
	if len(s.faults) == schemas.MaxViolations {
		s.more++
		return
	}
	s.faults = append(s.faults, domain.FieldError{Pointer: pointer, Code: code, Detail: detail, Fix: fix})
}

// object reads the whole body and answers the members that may be there. The
// error is the first fault of syntax or repeated member; unknown members are
// collected.
func (s *splitter) object(members []string) (map[string][]byte, error) {
	out := make(map[string][]byte, len(members))
	if !s.eat('{') {
		return nil, s.syntax("an object should begin")
	}
	name, start := "", 0 // of the member before
	for first := true; !s.eat('}'); first = false {
		if !first && !s.eat(',') {
			return nil, s.broken(name, start, "a comma or the object's end should be")
		}
		var value []byte
		var err error
		if name, value, err = s.member(); err != nil {
			return nil, err
		}
		start = s.i - len(value)
		if !slices.Contains(members, name) {
			s.fault("/"+escapePointer(shortened(name)), "unknown_member", "There is no such member here.", "Leave it out; the members are: "+listed(members)+".")
			continue
		}
		if _, twice := out[name]; twice {
			return nil, malformedBody([]domain.FieldError{{Pointer: "/" + name, Code: "duplicate_key", Detail: "This member is given twice.", Fix: "Give it once."}})
		}
		out[name] = value
	}
	if s.blank(); s.i < len(s.b) {
		return nil, s.syntax("the body should end")
	}
	return out, nil
}

// shortened keeps a pointer to what nobody asked for from being as long as it.
func shortened(name string) string {
	const most = 64
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "…"
}

func (s *splitter) member() (name string, value []byte, err error) {
	if s.blank(); s.peek() != '"' {
		return "", nil, s.syntax("a member's name should be")
	}
	start := s.i
	if !s.text() || json.Unmarshal(s.b[start:s.i], &name) != nil { // a name may hold escapes
		s.i = start
		return "", nil, s.syntax("a member's name should be")
	}
	if !s.eat(':') {
		return "", nil, s.syntax("a colon should be")
	}
	s.blank()
	start = s.i
	if !s.value() || s.i == start {
		return "", nil, s.broken(name, start, "a whole value should begin")
	}
	return name, s.b[start:s.i:s.i], nil
}

// value skips one value; false when its end cannot be found.
func (s *splitter) value() bool {
	switch s.peek() {
	case '{', '[':
		return s.nest()
	case '"':
		return s.text()
	}
	for s.i < len(s.b) && strings.IndexByte(",}] \t\r\n", s.b[s.i]) < 0 {
		s.i++
	}
	return true
}

// maxNest is how deep the prover follows; the open brackets fit into one word.
const maxNest = 64

// nest skips an object or array and sees that each bracket is closed by its
// like, so that a broken invoice cannot end where another member begins.
func (s *splitter) nest() bool {
	var braces uint64 // one bit a level: 1 for a brace
	depth := 0
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case '"':
			if !s.text() {
				return false
			}
			continue
		case '{', '[':
			if depth++; depth > maxNest {
				return false
			}
			braces <<= 1
			if c == '{' {
				braces |= 1
			}
		case '}', ']':
			if (braces&1 == 1) != (c == '}') {
				return false
			}
			braces >>= 1
			if depth--; depth == 0 {
				s.i++
				return true
			}
		}
		s.i++
	}
	return false
}

// text skips a string: to the first quote before which no odd number of
// backslashes stands.
func (s *splitter) text() bool {
	start := s.i + 1
	for s.i = start; ; s.i++ {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			s.i = len(s.b)
			return false
		}
		s.i += n
		slashes := 0
		for i := s.i - 1; i >= start && s.b[i] == '\\'; i-- {
			slashes++
		}
		if slashes%2 == 0 {
			s.i++
			return true
		}
	}
}

func (s *splitter) eat(c byte) bool {
	if s.blank(); s.peek() != c {
		return false
	}
	s.i++
	return true
}

func (s *splitter) blank() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\r', '\n':
			s.i++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end.
func (s *splitter) peek() byte {
	if s.i < len(s.b) {
		return s.b[s.i]
	}
	return 0
}

func (s *splitter) syntax(what string) error {
	if len(bytes.TrimSpace(s.b)) == 0 {
		return malformedBody([]domain.FieldError{{Code: "empty", Detail: "The body is empty.", Fix: `Send {"invoice": {…}}.`}})
	}
	return malformedBody([]domain.FieldError{{
		Code: "not_json", Detail: fmt.Sprintf("The body is not well-formed JSON: %s at byte %d.", what, s.i), Fix: "Build the body with a JSON library.",
	}})
}

// broken says what is wrong where the value at start ends badly. Of an invoice
// the prover knows the place: what follows cannot mend it.
func (s *splitter) broken(name string, start int, what string) error {
	if name == memberInvoice {
		_, err := schemas.Prove(schemas.InvoiceV1, s.b[start:])
		if e := bodyError(err, "/"+memberInvoice); e != nil && e.Kind == domain.KindMalformed {
			e.Code, e.Detail = invoice.ErrMalformed.Code, invoice.ErrMalformed.Detail
			return e
		}
	}
	return s.syntax(what)
}
