package sdk

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

const (
	// Shorter values are not masked wherever they occur: they would hide
	// ordinary text. Members with secret names are masked whatever their length.
	minSecret = 6
	// A credential is the connector's own and unmarked: all its longer texts
	// count.
	minCredential = 12
)

// secretFinder finds the secrets of a connection: what the settings schema
// marks with x-afara-secret, and the texts of the credential.
type secretFinder struct{ schema any }

func newSecretFinder(schema json.RawMessage) (secretFinder, error) {
	var f secretFinder
	if len(schema) == 0 {
		return f, nil
	}
	if err := json.Unmarshal(schema, &f.schema); err != nil {
		return f, fmt.Errorf("read schema: %w", err)
	}
	return f, nil
}

// in gives the secrets, the longest first, so that masking one does not leave
// the tail of another.
func (f secretFinder) in(settings, credential []byte) []string {
	found := make(map[string]struct{})
	var value any
	if json.Unmarshal(settings, &value) == nil {
		f.marked(f.schema, value, found)
	}
	var own any
	if json.Unmarshal(credential, &own) == nil {
		texts(own, minCredential, found)
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b string) int { return len(b) - len(a) })
}

// marked walks schema and value side by side. It follows properties and items,
// and the branches of combined schemas; it does not follow $ref.
func (f secretFinder) marked(schema, value any, found map[string]struct{}) {
	s, ok := schema.(map[string]any)
	if !ok {
		return
	}
	if secret, _ := s["x-afara-secret"].(bool); secret {
		texts(value, minSecret, found)
		return
	}
	for _, word := range []string{"allOf", "anyOf", "oneOf"} {
		branches, _ := s[word].([]any)
		for _, b := range branches {
			f.marked(b, value, found)
		}
	}
	for _, word := range []string{"if", "then", "else"} {
		f.marked(s[word], value, found)
	}
	switch v := value.(type) {
	case map[string]any:
		properties, _ := s["properties"].(map[string]any)
		for name, member := range v {
			f.marked(properties[name], member, found)
		}
	case []any:
		for _, item := range v {
			f.marked(s["items"], item, found)
		}
	}
}

func texts(value any, shortest int, found map[string]struct{}) {
	switch v := value.(type) {
	case string:
		if len(v) >= shortest {
			found[v] = struct{}{}
		}
	case map[string]any:
		for _, member := range v {
			texts(member, shortest, found)
		}
	case []any:
		for _, item := range v {
			texts(item, shortest, found)
		}
	}
}
