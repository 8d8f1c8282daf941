package schemas

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// maxSecretSteps bounds the looks at parts of a schema for one document. What
// is left over then is secret.
const maxSecretSteps = 1 << 20

// secretsOf finds the pointers of SecretPointers in a decoded document.
func secretsOf(schema []byte, document any) []string {
	tree, err := decode(foreignID, schema)
	root, ok := tree.(map[string]any)
	if err != nil || !ok {
		return []string{""}
	}
	w := secretWalk{root: root, id: "$id", patterns: map[string]*regexp.Regexp{}}
	if draft, _ := root["$schema"].(string); strings.Contains(draft, "draft-04") {
		w.id = "id"
	}
	w.value(document, []any{root}, "")
	return w.found
}

// secretWalk goes through a document with all the schemas that may say
// something of a value beside it. The document bounds its depth.
type secretWalk struct {
	root     map[string]any
	id       string // the keyword that moves the base of $ref
	steps    int
	patterns map[string]*regexp.Regexp // nil: it does not compile
	found    []string
}

func (w *secretWalk) value(v any, schemas []any, at string) {
	said := saying{seen: map[uintptr]bool{}}
	for _, s := range schemas {
		w.gather(s, &said)
	}
	if said.hidden || w.spent() {
		w.found = append(w.found, at)
		return
	}
	if len(said.nodes) == 0 {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			w.value(v[name], w.members(said.nodes, name), child(at, name))
		}
	case []any:
		for i, item := range v {
			w.value(item, w.items(said.nodes, i), at+"/"+strconv.Itoa(i))
		}
	}
}

// spent takes a step and reports whether it was one too many.
func (w *secretWalk) spent() bool {
	w.steps++
	return w.steps > maxSecretSteps
}

// saying is what all schemas together say of one value.
type saying struct {
	nodes  []map[string]any
	seen   map[uintptr]bool
	hidden bool
}

// gather adds a schema and those that it applies to the same value.
func (w *secretWalk) gather(part any, said *saying) {
	if _, plain := part.(bool); plain || said.hidden {
		return
	}
	node, ok := part.(map[string]any)
	if !ok || w.spent() || marked(node) || w.unclear(node) {
		said.hidden = true
		return
	}
	if id := identity(node); !said.seen[id] {
		said.seen[id] = true
		said.nodes = append(said.nodes, node)
		for keyword, value := range node {
			w.keyword(keyword, value, said)
		}
	}
}

func (w *secretWalk) keyword(keyword string, value any, said *saying) {
	switch keyword {
	case "$ref":
		w.gather(w.target(value), said)
	case "if", "then", "else", "not":
		w.gather(value, said)
	case "allOf", "anyOf", "oneOf":
		list, ok := value.([]any)
		said.hidden = said.hidden || !ok
		for _, branch := range list {
			w.gather(branch, said)
		}
	case "dependentSchemas", "dependencies":
		w.dependent(value, said)
	case "properties", "patternProperties":
		_, ok := value.(map[string]any)
		said.hidden = said.hidden || !ok
	case "additionalProperties", "unevaluatedProperties", "prefixItems", "items", "additionalItems", "unevaluatedItems", "contains":
		// of the parts of the value: members and items
	case "$defs", "definitions", "const", "enum", "default", "examples":
		// of no value, unless a $ref leads there
	default:
		said.hidden = said.hidden || w.mentions(value, map[uintptr]bool{})
	}
}

func (w *secretWalk) dependent(value any, said *saying) {
	parts, ok := value.(map[string]any)
	said.hidden = said.hidden || !ok
	for _, part := range parts {
		if _, names := part.([]any); !names {
			w.gather(part, said)
		}
	}
}
