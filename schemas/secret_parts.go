package schemas

import "regexp"

// members are the schemas of a member. They are too many rather than too few:
// what other branches evaluate does not count.
func (w *secretWalk) members(nodes []map[string]any, name string) (out []any) {
	for _, node := range nodes {
		if w.spent() {
			return nil
		}
		properties, _ := node["properties"].(map[string]any)
		own, named := properties[name]
		if named {
			out = append(out, own)
		}
		patterns, _ := node["patternProperties"].(map[string]any)
		for pattern, s := range patterns {
			fits, sure := w.fits(pattern, name)
			if fits {
				out = append(out, s)
			}
			named = named || fits && sure
		}
		if !named {
			out = appendKeywords(out, node, "additionalProperties", "unevaluatedProperties")
		}
	}
	return out
}

// items are the schemas of an item, in the words of all drafts.
func (w *secretWalk) items(nodes []map[string]any, i int) (out []any) {
	for _, node := range nodes {
		if w.spent() {
			return nil
		}
		out = appendKeywords(out, node, "contains")
		rest, word := "items", "prefixItems"
		if _, tuple := node["items"].([]any); tuple {
			rest, word = "additionalItems", "items"
		}
		first, isList := node[word].([]any)
		switch _, there := node[word]; {
		case there && !isList:
			out = append(out, nil) // no schema: it cannot be told
		case i < len(first):
			out = append(out, first[i])
		default:
			out = appendKeywords(out, node, rest, "unevaluatedItems")
		}
	}
	return out
}

func appendKeywords(out []any, node map[string]any, keywords ...string) []any {
	for _, k := range keywords {
		if s, ok := node[k]; ok {
			out = append(out, s)
		}
	}
	return out
}

// fits reports whether a pattern takes a name; one that does not compile takes
// every name, without being sure.
func (w *secretWalk) fits(pattern, name string) (fits, sure bool) {
	w.steps++
	r, known := w.patterns[pattern]
	if !known {
		r, _ = regexp.Compile(pattern)
		w.patterns[pattern] = r
	}
	return r == nil || r.MatchString(name), r != nil
}
