package schemas

import (
	"fmt"
	"strings"
)

func texts(v any) []string {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
			continue
		}
		out = append(out, written(item))
	}
	return out
}

// mostListed is how many values a person reads.
const mostListed = 30

func listed(names []string) string {
	if len(names) <= mostListed {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s, … (%d in all)", strings.Join(names[:mostListed], ", "), len(names))
}

func typeNames(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return strings.Join(texts(v), " or ")
}

func article(kind string) string {
	switch {
	case kind == "":
		return "something else"
	case kind == "boolean":
		return "true or false"
	case strings.HasPrefix(kind, "null"):
		return kind
	case strings.ContainsAny(kind[:1], "aeio"):
		return "an " + kind
	}
	return "a " + kind
}

// between says a range of lengths: "1 to 100 characters".
func between(node map[string]any, low, high, unit string) string {
	least, hasLeast := node[low]
	most, hasMost := node[high]
	switch {
	case hasLeast && hasMost:
		return fmt.Sprintf("%v to %v %s", least, most, unit)
	case hasMost:
		return fmt.Sprintf("at most %v %s", most, unit)
	}
	return fmt.Sprintf("at least %v %s", least, unit)
}

func (r rule) bounds() string {
	var parts []string
	for _, b := range [][2]string{
		{"minimum", "at least"}, {"exclusiveMinimum", "more than"},
		{"maximum", "at most"}, {"exclusiveMaximum", "less than"},
	} {
		if v, ok := r.node[b[0]]; ok {
			parts = append(parts, fmt.Sprintf("%s %v", b[1], v))
		}
	}
	return strings.Join(parts, " and ")
}

// suggestion offers the known field that an unknown one was probably meant to
// be: at most two letters away.
func suggestion(name string, known map[string]any) string {
	best, least := "", 3
	for candidate := range known {
		if d := distance(name, candidate); d < least || d == least && d < 3 && candidate < best {
			best, least = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return " Did you mean " + best + "?"
}

// distance is the number of letters to change, add or drop, 3 when more or
// when the names are too long to be worth the work.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 || len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return min(row[len(b)], 3)
}
