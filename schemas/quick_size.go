package schemas

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// oversized finds the lists and maps with more entries than the schema allows.
// It is asked before the validator, which would look at every entry all the
// same: a megabyte of empty objects costs it seconds.
func (n *quickNode) oversized(v any, pointer string, found []Violation) []Violation {
	if !n.exceeded(v) { // nearly always; and then no pointer is made
		return found
	}
	switch v := v.(type) {
	case map[string]any:
		if n.maxFields > 0 && len(v) > n.maxFields {
			return append(found, Violation{
				Pointer: pointer,
				Code:    "max_properties",
				Detail:  fmt.Sprintf("The object has %d fields; at most %d are allowed. Nothing else was checked.", len(v), n.maxFields),
				Fix:     fmt.Sprintf("Give at most %d fields.", n.maxFields),
			})
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			found = n.properties[name].oversized(v[name], child(pointer, name), found)
		}
	case []any:
		if n.maxItems > 0 && len(v) > n.maxItems {
			return append(found, Violation{
				Pointer: pointer,
				Code:    "max_items",
				Detail:  fmt.Sprintf("The list has %d entries; at most %d are allowed. Nothing else was checked.", len(v), n.maxItems),
				Fix:     fmt.Sprintf("Split the document so that the list has at most %d entries.", n.maxItems),
			})
		}
		for i, item := range v {
			found = n.items.oversized(item, pointer+"/"+strconv.Itoa(i), found)
		}
	}
	return found
}

// exceeded reports whether oversized would find anything.
func (n *quickNode) exceeded(v any) bool {
	if n == nil {
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		if n.maxFields > 0 && len(v) > n.maxFields {
			return true
		}
		for name, field := range v {
			if n.properties[name].exceeded(field) {
				return true
			}
		}
	case []any:
		return n.maxItems > 0 && len(v) > n.maxItems || slices.ContainsFunc(v, n.items.exceeded)
	}
	return false
}
