package rehearsal

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/afara-dev/afara/schemas"
)

const (
	maxRequests = 10_000
	maxLine     = 16 << 20
)

// Request is one line of a file of requests: one call of the contract. Exactly
// one of Operation, Check, Pull and Webhook is set.
type Request struct {
	// Operation runs an operation.
	Operation  string           `json:"operation,omitempty"`
	Key        string           `json:"key,omitempty"` // default: line and number
	MessageID  string           `json:"messageId,omitempty"`
	Parameters json.RawMessage  `json:"parameters,omitempty"`
	Document   *Document        `json:"document,omitempty"`
	State      Bytes            `json:"state,omitempty"`
	Deadline   schemas.Duration `json:"deadline,omitzero"` // default: the manifest's

	// Check proves the connection.
	Check bool `json:"check,omitempty"`

	// Pull reads a stream.
	Pull    string `json:"pull,omitempty"`
	Cursor  Bytes  `json:"cursor,omitempty"`
	Limit   int32  `json:"limit,omitempty"`
	Preview bool   `json:"preview,omitempty"`

	// Webhook hands a push over.
	Webhook string            `json:"webhook,omitempty"`
	Method  string            `json:"method,omitempty"` // default POST
	Path    string            `json:"path,omitempty"`
	Query   string            `json:"query,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"` // a text is sent as it stands

	line int
}

// Document is the document of an operation: any, or the sample invoice under a
// number and date.
type Document struct {
	Schema string          `json:"schema,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	Sample *struct {
		Number    string `json:"number"`
		IssueDate string `json:"issueDate"`
	} `json:"sample,omitempty"`
}

// Bytes are opaque: a text where they are one, else "base64:" and base64.
type Bytes []byte

const inBase64 = "base64:"

// MarshalText writes them.
func (b Bytes) MarshalText() ([]byte, error) {
	if utf8.Valid(b) && !bytes.HasPrefix(b, []byte(inBase64)) {
		return b, nil
	}
	return []byte(inBase64 + base64.StdEncoding.EncodeToString(b)), nil
}

// UnmarshalText reads them.
func (b *Bytes) UnmarshalText(text []byte) error {
	rest, encoded := strings.CutPrefix(string(text), inBase64)
	if !encoded {
		*b = bytes.Clone(text)
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(rest)
	*b = raw
	return err
}

// ReadRequests reads a file of requests: one JSON object a line; empty lines and
// those that begin with # are passed over. The error names the line.
func ReadRequests(r io.Reader) ([]Request, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	var out []Request
	n := 0
	for lines.Scan() {
		n++
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		if len(out) == maxRequests {
			return nil, fmt.Errorf("requests: there are more than %d; split the file", maxRequests)
		}
		one, err := parseRequest(text)
		if err != nil {
			return nil, fmt.Errorf("requests: line %d: %w", n, err)
		}
		one.line = n
		out = append(out, one)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("requests: line %d: %w; a line has at most %d bytes", n+1, err, maxLine)
	}
	if len(out) == 0 {
		return nil, errors.New(`requests: the file holds none; write one JSON object a line, e.g. {"check": true}`)
	}
	return out, nil
}

func parseRequest(text []byte) (Request, error) {
	var r Request
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("%w; write one JSON object with operation, check, pull or webhook", err)
	}
	if d.More() {
		return r, errors.New("more than one JSON value; write one a line")
	}
	kinds := 0
	for _, is := range []bool{r.Operation != "", r.Check, r.Pull != "", r.Webhook != ""} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return r, errors.New("it names none or several of operation, check, pull and webhook; name one")
	case r.Limit < 0:
		return r, errors.New("limit is below 0; leave it out for no limit")
	case r.Document != nil && (r.Document.Sample == nil) == (r.Document.Body == nil):
		return r, errors.New("document needs a sample, or schema and body")
	}
	return r, nil
}

// name is what the request asks for, in one word.
func (r Request) name() string {
	switch {
	case r.Check:
		return "check"
	case r.Pull != "":
		return "pull " + r.Pull
	case r.Webhook != "":
		return "webhook " + r.Webhook
	}
	return r.Operation
}

// text is the body of a push as it is sent.
func (r Request) text() []byte {
	var s string
	if json.Unmarshal(r.Body, &s) == nil {
		return []byte(s)
	}
	return r.Body
}
