package reference

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// node is what a page says of one part of a JSON Schema.
type node struct {
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Type        any              `json:"type"`
	Format      string           `json:"format"`
	Pattern     string           `json:"pattern"`
	Enum        []any            `json:"enum"`
	Const       any              `json:"const"`
	Default     json.RawMessage  `json:"default"`
	Examples    []any            `json:"examples"`
	MinLength   *int             `json:"minLength"`
	MaxLength   *int             `json:"maxLength"`
	MinItems    *int             `json:"minItems"`
	MaxItems    *int             `json:"maxItems"`
	Minimum     *json.Number     `json:"minimum"`
	Maximum     *json.Number     `json:"maximum"`
	Secret      any              `json:"x-afara-secret"`
	Order       int              `json:"x-order"`
	Required    []string         `json:"required"`
	Properties  map[string]*node `json:"properties"`
	Items       *node            `json:"items"`
	AnyOf       []*node          `json:"anyOf"`
}

// field is one row: a value that may be given.
type field struct {
	path     string
	kind     string
	required bool
	secret   bool
	fallback string
	rules    string
	meaning  string
}

// maxFields bounds a table.
const maxFields = 500

// fields are the values of a schema, in the author's order where it says one.
func fields(schema json.RawMessage) ([]field, error) {
	root, err := parse(schema)
	if err != nil {
		return nil, err
	}
	out := root.below("")
	if len(out) > maxFields {
		return nil, fmt.Errorf("it has %d fields; at most %d are shown", len(out), maxFields)
	}
	return out, nil
}

func parse(schema json.RawMessage) (*node, error) {
	root := new(node)
	d := json.NewDecoder(bytes.NewReader(schema))
	d.UseNumber()
	err := d.Decode(root)
	return root, err
}

func (n *node) below(prefix string) []field {
	names := slices.SortedFunc(maps.Keys(n.Properties), func(a, b string) int {
		return cmp.Or(
			cmp.Compare(n.Properties[a].Order, n.Properties[b].Order),
			cmp.Compare(place(n.Required, a), place(n.Required, b)),
			strings.Compare(a, b))
	})
	var out []field
	for _, name := range names {
		child := n.Properties[name]
		one := child.row(prefix + name)
		one.required = slices.Contains(n.Required, name)
		out = append(out, one)
		out = append(out, child.below(prefix+name+".")...)
		if child.Items != nil {
			out = append(out, child.Items.below(prefix+name+"[].")...)
		}
	}
	return out
}

// place puts what is required first, in its order.
func place(required []string, name string) int {
	if i := slices.Index(required, name); i >= 0 {
		return i
	}
	return len(required)
}

func (n *node) row(path string) field {
	f := field{path: path, kind: n.kind(), meaning: n.Description, rules: strings.Join(n.rules(), ", ")}
	if f.meaning == "" {
		f.meaning = n.Title
	}
	f.secret = n.Secret != nil && n.Secret != false
	if len(n.Default) > 0 {
		f.fallback = "`" + string(n.Default) + "`"
	}
	return f
}

func (n *node) kind() string {
	switch t := n.Type.(type) {
	case string:
		if t == "array" && n.Items != nil && n.Items.kind() != "" {
			return "list of " + n.Items.kind()
		}
		return t
	case []any:
		var names []string
		for _, one := range t {
			names = append(names, fmt.Sprint(one))
		}
		return strings.Join(names, " or ")
	}
	if len(n.Enum) > 0 {
		return "one of a list"
	}
	return ""
}

func (n *node) rules() []string {
	var out []string
	if len(n.Enum) > 0 {
		out = append(out, "one of "+listed(n.Enum))
	}
	if n.Const != nil {
		out = append(out, "always "+listed([]any{n.Const}))
	}
	if n.Format != "" {
		out = append(out, n.Format)
	}
	if n.Pattern != "" {
		out = append(out, "matches `"+n.Pattern+"`")
	}
	out = append(out, between(n.MinLength, n.MaxLength, " characters")...)
	out = append(out, between(n.MinItems, n.MaxItems, " entries")...)
	out = append(out, between(n.Minimum, n.Maximum, "")...)
	if len(n.Examples) > 0 {
		out = append(out, "e.g. "+listed(n.Examples[:1]))
	}
	return out
}

func listed(values []any) string {
	out := make([]string, len(values))
	for i, v := range values {
		raw, _ := json.Marshal(v) // it was JSON
		out[i] = "`" + string(raw) + "`"
	}
	return strings.Join(out, ", ")
}

func between[T any](low, high *T, unit string) []string {
	switch {
	case low != nil && high != nil:
		return []string{fmt.Sprintf("%v to %v%s", *low, *high, unit)}
	case high != nil:
		return []string{fmt.Sprintf("at most %v%s", *high, unit)}
	case low != nil:
		return []string{fmt.Sprintf("at least %v%s", *low, unit)}
	}
	return nil
}

// alternatives are the settings of which a schema wants one at least.
func alternatives(schema json.RawMessage) ([]string, error) {
	root, err := parse(schema)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, branch := range root.AnyOf {
		if len(branch.Required) > 0 {
			out = append(out, "`"+strings.Join(branch.Required, "` with `")+"`")
		}
	}
	return out, nil
}
