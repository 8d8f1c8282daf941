package schemas

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// mentions reports whether a part that is not followed holds a mark.
func (w *secretWalk) mentions(part any, seen map[uintptr]bool) bool {
	if w.spent() {
		return true
	}
	also := func(p any) bool { return w.mentions(p, seen) }
	switch p := part.(type) {
	case []any:
		return slices.ContainsFunc(p, also)
	case map[string]any:
		if seen[identity(p)] {
			return false
		}
		seen[identity(p)] = true
		if marked(p) || w.unclear(p) {
			return true
		}
		if ref, ok := p["$ref"]; ok && (w.target(ref) == nil || also(w.target(ref))) {
			return true
		}
		return slices.ContainsFunc(slices.Collect(maps.Values(p)), also)
	}
	return false
}

// target is what a $ref leads to; nil when that is nothing, or not here.
func (w *secretWalk) target(ref any) any {
	text, _ := ref.(string)
	path, local := strings.CutPrefix(text, "#")
	if !local || path != "" && path[0] != '/' {
		return nil
	}
	target, _ := resolve(w.root, plain(path))
	return target
}

// unclear reports keywords that would take the whole validator to follow.
func (w *secretWalk) unclear(node map[string]any) bool {
	_, dynamic := node["$dynamicRef"]
	_, recursive := node["$recursiveRef"]
	_, moved := node[w.id].(string)
	return dynamic || recursive || moved && identity(node) != identity(w.root)
}

// marked takes whatever is not false for a mark.
func marked(node map[string]any) bool {
	mark, ok := node[secretMark]
	return ok && mark != false
}

// identity tells a schema that is met twice from one that looks like it.
func identity(node map[string]any) uintptr { return reflect.ValueOf(node).Pointer() }
