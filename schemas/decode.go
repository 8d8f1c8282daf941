package schemas

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of every JSON text that comes in. They are checked while decoding, so
// that hostile bytes cost no more than their length.
const (
	// MaxBytes is the longest document.
	MaxBytes = 1 << 20
	maxDepth = 64
	// maxValues bounds what a megabyte of brackets costs; an invoice of 1,000
	// lines has 20,000 values.
	maxValues = 100_000
	// maxDuplicates bounds how many repeated keys are listed.
	maxDuplicates = MaxViolations
)

// decoder reads one JSON value into the types that encoding/json gives with
// UseNumber. Written out because encoding/json keeps the last of repeated keys
// without a word, and asking it token by token costs three times as much; the
// fuzz test holds the two against each other.
type decoder struct {
	s          string
	pos        int
	values     int
	path       []step // stays as it was when decoding is given up
	duplicates []Violation
	more       int
}

// step is one level of where the decoder is: a key or an index.
type step struct {
	key   string
	index int // or inKey, or outside
}

// inKey marks a step by key, outside one whose key is not read yet.
const (
	inKey   = -1
	outside = -2
)

// malformed ends decoding. It is raised by panic inside this file only, so
// that the recursive code reads straight, and never leaves decode.
type malformed struct{ v Violation }

// decode reads body as exactly one JSON value. The error is a *ValidationError
// with Malformed set: one syntax fault, or all repeated keys.
func decode(id ID, body []byte) (value any, err error) {
	if v := suspicious(body); v != nil {
		return nil, malformedError(id, 0, *v)
	}
	d := decoder{s: string(body), path: make([]step, 0, 8)}
	defer func() {
		if r := recover(); r != nil {
			m, ours := r.(malformed)
			if !ours {
				panic(r)
			}
			value, err = nil, malformedError(id, 0, m.v)
		}
	}()
	value = d.document()
	if len(d.duplicates) > 0 {
		return nil, malformedError(id, d.more, d.duplicates...)
	}
	return value, nil
}

func malformedError(id ID, more int, v ...Violation) error {
	return &ValidationError{Schema: id, Malformed: true, Violations: v, Truncated: more}
}

// suspicious finds what makes reading pointless.
func suspicious(body []byte) *Violation {
	switch {
	case len(body) > MaxBytes:
		return &Violation{Code: "too_large", Detail: fmt.Sprintf("The document has %d bytes; at most %d are allowed.", len(body), MaxBytes), Fix: "Split the document into smaller ones."}
	case len(body) == 0:
		return &Violation{Code: "empty", Detail: "The document is empty.", Fix: "Send a JSON document."}
	case !utf8.Valid(body):
		return &Violation{Code: "bad_utf8", Detail: "The document is not UTF-8.", Fix: "Encode the document as UTF-8."}
	}
	return nil
}

func (d *decoder) document() any {
	d.blanks()
	v := d.value()
	d.blanks()
	if d.pos < len(d.s) {
		d.fail("trailing_data", "something follows the JSON value", "Send one JSON value and nothing after it.")
	}
	return v
}

func (d *decoder) value() any {
	if d.pos >= len(d.s) {
		d.syntax("the text ends where a value should be")
	}
	if d.values++; d.values > maxValues {
		d.fail("too_many_values", fmt.Sprintf("the document has more than %d values", maxValues), "Split the document into smaller ones.")
	}
	switch d.s[d.pos] {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		return d.text()
	case 't':
		return d.literal("true", true)
	case 'f':
		return d.literal("false", false)
	case 'n':
		return d.literal("null", nil)
	}
	return d.number()
}

func (d *decoder) object() any {
	d.enter(step{index: outside})
	m := make(map[string]any)
	if d.opens('}') {
		d.leave()
		return m
	}
	for {
		if d.peek() != '"' {
			d.syntax("a key in double quotes should be here")
		}
		key := d.text()
		d.path[len(d.path)-1] = step{key: key, index: inKey}
		d.blanks()
		d.expect(':')
		d.blanks()
		if _, seen := m[key]; seen {
			d.duplicate()
		}
		m[key] = d.value()
		if d.closes('}') {
			d.leave()
			return m
		}
	}
}

func (d *decoder) array() any {
	d.enter(step{})
	list := []any{}
	if d.opens(']') {
		d.leave()
		return list
	}
	for {
		d.path[len(d.path)-1].index = len(list)
		list = append(list, d.value())
		if d.closes(']') {
			d.leave()
			return list
		}
	}
}

func (d *decoder) enter(s step) {
	d.path = append(d.path, s)
	if len(d.path) > maxDepth {
		d.path = d.path[:maxDepth-1] // the pointer of the parent is enough
		d.fail("too_deep", fmt.Sprintf("arrays and objects are nested more than %d deep", maxDepth), "Flatten the document.")
	}
	d.pos++ // the bracket
}

func (d *decoder) leave() { d.path = d.path[:len(d.path)-1] }

// opens skips to the first element and reports whether there is none.
func (d *decoder) opens(end byte) bool {
	d.blanks()
	if d.peek() == end {
		d.pos++
		return true
	}
	return false
}

// closes skips what follows an element and reports whether it was the last.
func (d *decoder) closes(end byte) bool {
	d.blanks()
	if d.peek() == end {
		d.pos++
		return true
	}
	d.expect(',')
	d.blanks()
	return false
}

func (d *decoder) literal(word string, v any) any {
	if !strings.HasPrefix(d.s[d.pos:], word) {
		d.syntax("a value should be here")
	}
	d.pos += len(word)
	return v
}

func (d *decoder) number() any {
	start := d.pos
	d.skip('-')
	if !d.skip('0') && d.digits() == 0 {
		d.pos = start
		d.syntax("a value should be here")
	}
	if d.skip('.') && d.digits() == 0 {
		d.syntax("a digit should follow the decimal point")
	}
	if d.skip('e') || d.skip('E') {
		_ = d.skip('+') || d.skip('-')
		if d.digits() == 0 {
			d.syntax("a digit should follow the exponent")
		}
	}
	n := d.s[start:d.pos]
	if checkNumber(n) != nil {
		d.fail("number_too_long", "the number has more than 60 digits, written out", "Write a shorter number.")
	}
	return json.Number(n)
}

func (d *decoder) digits() int {
	start := d.pos
	for d.pos < len(d.s) && d.s[d.pos] >= '0' && d.s[d.pos] <= '9' {
		d.pos++
	}
	return d.pos - start
}

func (d *decoder) skip(c byte) bool {
	if d.pos < len(d.s) && d.s[d.pos] == c {
		d.pos++
		return true
	}
	return false
}

func (d *decoder) blanks() {
	for d.pos < len(d.s) {
		switch d.s[d.pos] {
		case ' ', '\n', '\r', '\t':
			d.pos++
		default:
			return
		}
	}
}

// peek is the next byte, 0 at the end.
func (d *decoder) peek() byte {
	if d.pos < len(d.s) {
		return d.s[d.pos]
	}
	return 0
}

func (d *decoder) expect(c byte) {
	if !d.skip(c) {
		d.syntax(fmt.Sprintf("%q should be here", c))
	}
}
