package flooz

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// element is a piece of a parsed document.
type element struct {
	name  xml.Name
	text  string
	inner []*element
}

// Bounds of a document that is parsed.
const (
	maxDepth    = 16
	maxElements = 256
)

var (
	errNotXML   = errors.New("the answer is no XML document")
	errTooLarge = errors.New("the answer has too many elements, or too deep ones")
	errDTD      = errors.New("the answer has a document type or a processing instruction, which are not read")
)

// parseTree reads one XML document. Document types are refused, and with them
// all entities but XML's own five, so nothing can grow while it is read.
func parseTree(raw []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(raw))
	top := &element{}
	open := []*element{top}
	for count := 0; ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errNotXML
		}
		at := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			if count++; count > maxElements || len(open) > maxDepth {
				return nil, errTooLarge
			}
			e := &element{name: token.Name}
			at.inner = append(at.inner, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			at.text += string(token)
		case xml.Directive:
			return nil, errDTD
		case xml.ProcInst:
			if token.Target != "xml" {
				return nil, errDTD
			}
		}
	}
	if len(top.inner) != 1 || strings.TrimSpace(top.text) != "" {
		return nil, errNotXML
	}
	return top.inner[0], nil
}

// child is the first inner element of a local name, or nil.
func (e *element) child(names ...string) *element {
	if e == nil {
		return nil
	}
	for _, inner := range e.inner {
		for _, name := range names {
			if inner.name.Local == name {
				return inner
			}
		}
	}
	return nil
}

// content is the text of an element without inner ones.
func (e *element) content() string {
	if e == nil || len(e.inner) > 0 {
		return ""
	}
	return strings.TrimSpace(e.text)
}
