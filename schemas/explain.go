package schemas

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// explain turns the validator's tree into a flat list that a person
// understands. nil stays nil.
func (s *Schema) explain(value any, err error) error {
	if err == nil {
		return nil
	}
	var tree *jsonschema.ValidationError
	if !errors.As(err, &tree) {
		return fmt.Errorf("validate against %s: %w", s.id, err)
	}
	e := explainer{schema: s, value: value, seen: map[[2]string]bool{}}
	e.walk(tree)
	slices.SortStableFunc(e.found, func(a, b Violation) int { return ComparePointers(a.Pointer, b.Pointer) })
	out := &ValidationError{Schema: s.id, Violations: e.found}
	if len(e.found) > MaxViolations {
		out.Violations, out.Truncated = e.found[:MaxViolations:MaxViolations], len(e.found)-MaxViolations
	}
	return out
}

// ComparePointers orders like a reader: by token, indexes as numbers.
func ComparePointers(a, b string) int {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	return slices.CompareFunc(as, bs, func(x, y string) int {
		if len(x) != len(y) && isIndex(x) && isIndex(y) {
			return len(x) - len(y)
		}
		return strings.Compare(x, y)
	})
}

func isIndex(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

type explainer struct {
	schema *Schema
	value  any
	found  []Violation
	seen   map[[2]string]bool
}

// rule is one broken keyword: where it stands in the schema, and at what.
type rule struct {
	keyword string
	node    map[string]any // the schema that holds the keyword
	pointer string         // of the faulty value
	value   any
}

// walk collects the leaves of the tree. A schema that carries its own x-code
// speaks for everything below it; so does a choice none of whose branches is
// clearly the one that was meant.
func (e *explainer) walk(t *jsonschema.ValidationError) {
	if len(t.Causes) == 0 {
		e.leaf(e.ruleOf(t))
		return
	}
	r := e.ruleOf(t)
	switch r.keyword {
	case "oneOf", "anyOf":
		e.choice(r, t)
		return
	case "contains", "minContains", "propertyNames":
		e.leaf(r)
		return
	}
	for _, cause := range t.Causes {
		e.walk(cause)
	}
}

// choice follows the one branch that the value was plainly meant for: the only
// one of the right type.
func (e *explainer) choice(r rule, t *jsonschema.ValidationError) {
	if r.node["x-code"] != nil {
		e.leaf(r)
		return
	}
	var meant []*jsonschema.ValidationError
	for _, cause := range t.Causes {
		if leaf := e.ruleOf(cause); leaf.keyword != "type" || len(cause.Causes) > 0 || leaf.pointer != r.pointer {
			meant = append(meant, cause)
		}
	}
	if len(meant) == 1 {
		e.walk(meant[0])
		return
	}
	e.leaf(r)
}

// leaf writes the violations of one broken keyword.
func (e *explainer) leaf(r rule) {
	for _, v := range r.violations() {
		at := [2]string{v.Pointer, v.Code}
		if !e.seen[at] {
			e.seen[at] = true
			e.found = append(e.found, v)
		}
	}
}

// ruleOf finds the keyword that an error is about and the schema that holds
// it. Where that cannot be found the rule has no words of its own.
func (e *explainer) ruleOf(t *jsonschema.ValidationError) rule {
	r := rule{pointer: plain(t.InstanceLocation), node: map[string]any{}}
	r.value, _ = resolve(e.value, r.pointer)
	_, fragment, _ := strings.Cut(t.AbsoluteKeywordLocation, "#")
	path := tokens(plain(fragment))
	if whole, ok := descend(e.schema.doc, path); ok && whole == false && !closes(path[len(path)-1]) {
		r.keyword = "false" // the schema that refuses everything
		return r
	}
	cut := len(path) - keywordLength(path)
	if node, ok := descend(e.schema.doc, path[:cut]); ok {
		r.node, _ = node.(map[string]any)
	}
	if cut < len(path) {
		r.keyword = path[cut]
	}
	return r
}

func closes(keyword string) bool {
	return keyword == "additionalProperties" || keyword == "unevaluatedProperties"
}

// keywordLength is how many tokens at the end of a path are the keyword.
func keywordLength(path []string) int {
	n := len(path)
	if n >= 3 && (path[n-3] == "dependentRequired" || path[n-3] == "dependencies") && isIndex(path[n-1]) {
		return 3
	}
	if n >= 2 && (path[n-2] == "allOf" || path[n-2] == "anyOf" || path[n-2] == "oneOf") && isIndex(path[n-1]) {
		return 2
	}
	return min(n, 1)
}
