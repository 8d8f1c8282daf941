package schemas

import (
	"encoding/json"
	"unicode/utf8"
)

// verdict is what the quick way knows.
type verdict int8

const (
	unsure verdict = iota // a keyword or value that it does not understand
	yes
	no
)

// quickNode is one schema in the form that answers fastest. The validator
// allocates a map for each object and a rational for each number, which made
// it the largest cost of accepting an invoice; nearly all documents are valid,
// and to see that takes none of it. It knows the keywords that our schemas
// use; a schema with any other is unsure.
type quickNode struct {
	known bool

	types      []string
	enum       map[string]struct{}
	enumNull   bool // the enum has null as well
	format     func(any) bool
	pattern    *quickPattern
	minLength  int
	maxLength  int
	number     quickNumber
	required   []string
	properties map[string]*quickNode
	closed     bool
	rest       *quickNode // of the properties without a name in the schema
	names      *quickNode // of every property's name
	maxFields  int
	dependent  map[string][]string
	minItems   int
	maxItems   int
	items      *quickNode

	allOf, anyOf, oneOf   []*quickNode
	not, when, then, orDo *quickNode
}

func (n *quickNode) accepts(v any) verdict {
	if n == nil {
		return yes
	}
	if !n.known {
		return unsure
	}
	if t := n.typed(v); t != yes {
		return t
	}
	if n.enum != nil && !n.listed(v) {
		return no
	}
	if n.format != nil && !n.format(v) {
		return no
	}
	return all(n.valueFits(v), n.combined(v))
}

func (n *quickNode) listed(v any) bool {
	if v == nil {
		return n.enumNull
	}
	s, isText := v.(string)
	_, listed := n.enum[s]
	return isText && listed
}

func (n *quickNode) typed(v any) verdict {
	if len(n.types) == 0 {
		return yes
	}
	kind := kindOf(v)
	for _, t := range n.types {
		if t == kind {
			return yes
		}
		if number, ok := v.(json.Number); ok && t == "integer" {
			return integral(string(number))
		}
	}
	return no
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case json.Number:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return ""
}

func (n *quickNode) valueFits(v any) verdict {
	switch v := v.(type) {
	case string:
		return n.textFits(v)
	case json.Number:
		return n.number.fits(string(v))
	case map[string]any:
		return n.objectFits(v)
	case []any:
		return n.arrayFits(v)
	}
	return yes
}

func (n *quickNode) textFits(s string) verdict {
	if n.minLength >= 0 || n.maxLength >= 0 {
		length := utf8.RuneCountInString(s)
		if length < n.minLength || n.maxLength >= 0 && length > n.maxLength {
			return no
		}
	}
	if n.pattern != nil && !n.pattern.matches(s) {
		return no
	}
	return yes
}

func (n *quickNode) objectFits(m map[string]any) verdict {
	if n.maxFields >= 0 && len(m) > n.maxFields {
		return no
	}
	for _, name := range n.required {
		if _, ok := m[name]; !ok {
			return no
		}
	}
	for name, needs := range n.dependent {
		if _, ok := m[name]; !ok {
			continue
		}
		for _, need := range needs {
			if _, ok := m[need]; !ok {
				return no
			}
		}
	}
	sum := yes
	for name, value := range m {
		p, named := n.properties[name]
		if !named && n.closed {
			return no
		}
		if !named {
			p = n.rest
		}
		if n.names != nil {
			sum = all(sum, n.names.accepts(name))
		}
		if sum = all(sum, p.accepts(value)); sum == no {
			return no
		}
	}
	return sum
}

func (n *quickNode) arrayFits(list []any) verdict {
	if len(list) < n.minItems || n.maxItems >= 0 && len(list) > n.maxItems {
		return no
	}
	sum := yes
	if n.items == nil {
		return sum
	}
	for _, item := range list {
		if sum = all(sum, n.items.accepts(item)); sum == no {
			return no
		}
	}
	return sum
}

func (n *quickNode) combined(v any) verdict {
	sum := yes
	for _, part := range n.allOf {
		sum = all(sum, part.accepts(v))
	}
	if len(n.anyOf) > 0 {
		sum = all(sum, matches(n.anyOf, v, false))
	}
	if len(n.oneOf) > 0 {
		sum = all(sum, matches(n.oneOf, v, true))
	}
	if n.not != nil {
		sum = all(sum, opposite(n.not.accepts(v)))
	}
	if n.when != nil {
		switch n.when.accepts(v) {
		case yes:
			sum = all(sum, n.then.accepts(v))
		case no:
			sum = all(sum, n.orDo.accepts(v))
		default:
			return all(sum, unsure)
		}
	}
	return sum
}

// matches counts the branches that accept v.
func matches(branches []*quickNode, v any, exactly bool) verdict {
	count := 0
	for _, b := range branches {
		switch b.accepts(v) {
		case yes:
			count++
		case unsure:
			return unsure
		}
	}
	if count == 0 || exactly && count > 1 {
		return no
	}
	return yes
}

func all(a, b verdict) verdict {
	switch {
	case a == no || b == no:
		return no
	case a == unsure || b == unsure:
		return unsure
	}
	return yes
}

func opposite(v verdict) verdict {
	switch v {
	case yes:
		return no
	case no:
		return yes
	}
	return unsure
}
