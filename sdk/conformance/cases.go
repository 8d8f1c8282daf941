package conformance

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"github.com/afara-dev/afara/schemas"
)

// CasesSchema is the JSON Schema of a file of cases, draft 2020-12.
//
//go:embed cases.json
var CasesSchema []byte

// maxCasesBytes bounds a file of cases.
const maxCasesBytes = 1 << 20

// Cases is what an author says of a connector so that it can be tried: how its
// vendor's stand-in is started, settings that it accepts, and valid input for
// each operation, stream and webhook. Texts may hold placeholders:
//
//	${vendor}       where the kit listens in the vendor's place
//	${sink}         an address that takes any request and answers 204
//	${n}            a number of its own for each use of a case: letters and digits
//	${uuid.name}    a UUID of version 4 made of ${n} and the name
//	${canary}       a secret that the kit made up
//	${dir}          a folder for the stand-in, removed at the end
//	${name.member}  a member of what a Request of Setup has saved as name
type Cases struct {
	// Simulator is the vendor's stand-in; nil when Options.Vendor names a
	// running one or there is no vendor.
	Simulator *Simulator `json:"simulator,omitempty"`
	// Setup is asked of the stand-in, once and in order.
	Setup []Request `json:"setup,omitempty"`
	// Settings of a connection that works.
	Settings map[string]any `json:"settings"`
	// WrongCredentials change Settings to some that the stand-in refuses. Absent:
	// the kit refuses in the vendor's place.
	WrongCredentials map[string]any `json:"wrongCredentials,omitempty"`
	// Impatient changes Settings so that the connector waits a second or two for
	// an answer. Absent: checks that wait take as long as the connector does.
	Impatient map[string]any `json:"impatient,omitempty"`
	// Harmless are requests that change nothing although their method says so,
	// as "POST /oauth/token": method, blank, part of the path.
	Harmless []string `json:"harmless,omitempty"`
	// Answers are how the vendor says certain things; absent: as HTTP says them.
	Answers Answers   `json:"answers,omitzero"`
	Cases   []Case    `json:"cases"`
	Streams []Stream  `json:"streams,omitempty"`
	Hooks   []Webhook `json:"webhooks,omitempty"`

	dir string // where the file lies
}

// Simulator is a program that stands in for the vendor.
type Simulator struct {
	// Command is started in the folder of the file of cases.
	Command []string `json:"command"`
	// Address is a regular expression (RE2) with one group, which finds the
	// stand-in's address in a line that it prints.
	Address string `json:"address"`
}

// Request is asked of the stand-in before anything else.
type Request struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   any    `json:"body,omitempty"`
	// Save keeps the JSON answer under this name.
	Save string `json:"save,omitempty"`
}

// Answers are what the vendor sends where HTTP's own statuses are not its way.
type Answers struct {
	Unauthorized *Answer `json:"unauthorized,omitempty"`
	Throttled    *Answer `json:"throttled,omitempty"`
	Unavailable  *Answer `json:"unavailable,omitempty"`
}

// Answer is one answer of the vendor.
type Answer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"headers,omitempty"`
	Body   any               `json:"body,omitempty"`
}

// Case is one valid call of an operation.
type Case struct {
	Name      string         `json:"name"`
	Operation string         `json:"operation"`
	Params    map[string]any `json:"parameters"`
	Document  *Document      `json:"document,omitempty"`
	// After names cases that run first, under the same ${n}.
	After []string `json:"after,omitempty"`
	// Expect are members that the result has at least.
	Expect map[string]any `json:"expect,omitempty"`
}

// Document is the document of a call.
type Document struct {
	// Sample is the sample invoice of package schemas under a number and date.
	Sample *Sample `json:"sample,omitempty"`
	// Schema and Body are any document.
	Schema string `json:"schema,omitempty"`
	Body   any    `json:"body,omitempty"`
}

// Sample is what distinguishes one sample invoice from another.
type Sample struct {
	Number    string `json:"number"`
	IssueDate string `json:"issueDate"`
}

// Stream is a stream to pull.
type Stream struct {
	Name string `json:"name"`
	// After names cases that fill the stream, each under an ${n} of its own;
	// three at least, so that there is a middle.
	After []string `json:"after,omitempty"`
}

// Webhook is a push that the connector believes.
type Webhook struct {
	Kind   string            `json:"kind"`
	Method string            `json:"method,omitempty"` // default POST
	Path   string            `json:"path,omitempty"`
	Query  string            `json:"query,omitempty"`
	Header map[string]string `json:"headers,omitempty"`
	// Body is sent as it stands when it is a text, else as JSON.
	Body any `json:"body"`
	// Sign makes the signature; absent when Header holds one already.
	Sign *Sign `json:"sign,omitempty"`
	// Proof names the headers that carry a signature, when Sign is absent.
	Proof []string `json:"proof,omitempty"`
	// ReceivedAt is when a recorded push came (RFC 3339); default now.
	ReceivedAt string `json:"receivedAt,omitempty"`
	// After names cases that run first, under the push's ${n}: what it is about.
	After []string `json:"after,omitempty"`
	// ReadBack says that the vendor signs nothing and the connector asks it what
	// is true. Forged is a body that lies then.
	ReadBack bool `json:"readBack,omitempty"`
	Forged   any  `json:"forged,omitempty"`
}

// Sign is an HMAC over a text in which ${timestamp} is the time in seconds and
// ${body} the raw body. ${timestamp} may stand in headers too.
type Sign struct {
	Algorithm string `json:"algorithm"` // sha1, sha256, sha512
	Encoding  string `json:"encoding"`  // hex, base64
	// Secret names the setting that holds the key.
	Secret string `json:"secret"`
	Text   string `json:"text"`
	// Header carries Prefix and the signature.
	Header string `json:"header"`
	Prefix string `json:"prefix,omitempty"`
}

// ReadCases reads a file of cases. The error names every fault by its place.
func ReadCases(path string) (*Cases, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	c, err := ParseCases(raw)
	if err != nil {
		return nil, fmt.Errorf("cases: %s: %w", path, err)
	}
	if c.dir, err = filepath.Abs(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	return c, nil
}

var casesSchema = sync.OnceValues(func() (*schemas.Schema, error) { return schemas.Compile(CasesSchema) })

// ParseCases reads cases from JSON. The error is a *schemas.ValidationError with
// every fault.
func ParseCases(raw []byte) (*Cases, error) {
	if len(raw) > maxCasesBytes {
		return nil, fmt.Errorf("it has %d bytes, at most %d are read; take cases out", len(raw), maxCasesBytes)
	}
	schema, err := casesSchema()
	if err != nil {
		return nil, err
	}
	if err := schema.Validate(raw); err != nil {
		return nil, err
	}
	c := new(Cases)
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // an amount passes through no float
	if err := d.Decode(c); err != nil {
		return nil, err
	}
	if faults := c.faults(); len(faults) > 0 {
		return nil, &schemas.ValidationError{Violations: faults}
	}
	return c, nil
}

// faults are what a JSON Schema cannot find.
func (c *Cases) faults() []schemas.Violation {
	var out []schemas.Violation
	fault := func(pointer, code, detail, fix string) {
		out = append(out, schemas.Violation{Pointer: pointer, Code: code, Detail: detail, Fix: fix})
	}
	if c.Simulator != nil {
		if p, err := regexp.Compile(c.Simulator.Address); err != nil || p.NumSubexp() != 1 {
			fault("/simulator/address", "pattern", "This is no regular expression with one group.", `Write one such as "ready on (http://\\S+)".`)
		}
	}
	for i, one := range c.Cases {
		at := fmt.Sprintf("/cases/%d", i)
		if slices.IndexFunc(c.Cases, func(o Case) bool { return o.Name == one.Name }) != i {
			fault(at+"/name", "duplicate_name", "The name stands twice.", "Give each case a name of its own.")
		}
		for j, name := range one.After {
			if k := slices.IndexFunc(c.Cases, func(o Case) bool { return o.Name == name }); k < 0 || k >= i {
				fault(fmt.Sprintf("%s/after/%d", at, j), "case_unknown", "No case above this one has that name.", "Name a case that stands further up.")
			}
		}
	}
	for i, s := range c.Streams {
		for j, name := range s.After {
			if _, err := c.named(name); err != nil {
				fault(fmt.Sprintf("/streams/%d/after/%d", i, j), "case_unknown", "There is no such case.", "Name one of cases.")
			}
		}
	}
	for i, w := range c.Hooks {
		for j, name := range w.After {
			if _, err := c.named(name); err != nil {
				fault(fmt.Sprintf("/webhooks/%d/after/%d", i, j), "case_unknown", "There is no such case.", "Name one of cases.")
			}
		}
		if w.ReadBack && w.Forged == nil {
			fault(fmt.Sprintf("/webhooks/%d/forged", i), "required", "A push that nobody signs needs a body that lies.", "Add forged: the body of a push that claims what the vendor would not confirm.")
		}
	}
	return out
}

func (c *Cases) named(name string) (*Case, error) {
	for i := range c.Cases {
		if c.Cases[i].Name == name {
			return &c.Cases[i], nil
		}
	}
	return nil, errors.New("no case " + name)
}

// of are the cases of an operation.
func (c *Cases) of(operation string) []*Case {
	var out []*Case
	for i := range c.Cases {
		if c.Cases[i].Operation == operation {
			out = append(out, &c.Cases[i])
		}
	}
	return out
}
