package schemas

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// violations says what a broken keyword means. Most give one; a list of
// missing or unknown fields gives one each.
func (r rule) violations() []Violation {
	switch r.keyword {
	case "required":
		return r.missing()
	case "dependentRequired", "dependencies":
		return r.dependents()
	case "additionalProperties":
		return r.unknown()
	case "unevaluatedProperties":
		return []Violation{unknownField(r.pointer, "", nil)}
	}
	v := Violation{Pointer: r.pointer, Code: r.code(), Detail: r.detail(), Fix: r.fix()}
	return []Violation{v}
}

// code is the schema's own name of the rule, else the keyword. A wrong type is
// always called so: the rule was not reached.
func (r rule) code() string {
	if own, ok := r.node["x-code"].(string); ok && r.keyword != "type" {
		return own
	}
	return snake(r.keyword)
}

func snake(keyword string) string {
	switch keyword {
	case "false", "not":
		return "not_allowed"
	case "":
		return "schema"
	}
	var b strings.Builder
	for _, c := range keyword {
		if c >= 'A' && c <= 'Z' {
			b.WriteByte('_')
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}

func (r rule) detail() string {
	name := r.name()
	switch r.keyword {
	case "type":
		return fmt.Sprintf("%s must be %s, not %s.", name, article(typeNames(r.node["type"])), article(kindOf(r.value)))
	case "enum":
		return fmt.Sprintf("%s is not in the list of allowed values.", name)
	case "const":
		return fmt.Sprintf("%s must have one fixed value.", name)
	case "format":
		return fmt.Sprintf("%s is not a valid %v.", name, r.node["format"])
	case "minLength", "maxLength":
		return fmt.Sprintf("%s must have %s.", name, between(r.node, "minLength", "maxLength", "characters"))
	case "minItems", "maxItems":
		return fmt.Sprintf("%s must have %s.", name, between(r.node, "minItems", "maxItems", "entries"))
	case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
		return fmt.Sprintf("%s must be %s.", name, r.bounds())
	case "multipleOf":
		return fmt.Sprintf("%s must be a multiple of %v: no more decimals than that.", name, r.node["multipleOf"])
	case "uniqueItems":
		return fmt.Sprintf("%s holds the same entry twice.", name)
	case "not", "false":
		if d, ok := r.node["description"].(string); ok {
			return d
		}
		return "This is not allowed here."
	case "oneOf", "anyOf", "required", "dependentRequired":
		if d, ok := r.node["description"].(string); ok {
			return d
		}
		return fmt.Sprintf("%s fits none of the allowed forms, or more than one.", name)
	}
	return fmt.Sprintf("%s is not in the right form.%s", name, r.explanation())
}

func (r rule) explanation() string {
	if d, ok := r.node["description"].(string); ok {
		return " " + d
	}
	return ""
}

// name is what a person calls the value.
func (r rule) name() string {
	if title, ok := r.node["title"].(string); ok {
		return title
	}
	path := tokens(r.pointer)
	if len(path) == 0 {
		return "The document"
	}
	if last := path[len(path)-1]; !isIndex(last) {
		return last
	}
	return "Entry " + path[len(path)-1]
}

func (r rule) fix() string {
	if names := texts(r.node["enum"]); r.keyword == "enum" && (len(names) <= mostListed || r.node["x-fix"] == nil) {
		return "Use one of " + listed(names) + "."
	}
	if own, ok := r.node["x-fix"].(string); ok {
		return own
	}
	switch r.keyword {
	case "type":
		return "Write it as " + article(typeNames(r.node["type"])) + "."
	case "minLength", "maxLength":
		return "Write " + between(r.node, "minLength", "maxLength", "characters") + "."
	case "minItems", "maxItems":
		return "Give " + between(r.node, "minItems", "maxItems", "entries") + "."
	case "pattern":
		return fmt.Sprintf("Match the pattern %v.", r.node["pattern"])
	case "const":
		return fmt.Sprintf("Write %s.", written(r.node["const"]))
	}
	if d, ok := r.node["description"].(string); ok {
		return d
	}
	return "Change it to what the detail asks for."
}

// missing recomputes which fields are absent; the validator names them only in
// prose.
func (r rule) missing() []Violation {
	object, _ := r.value.(map[string]any)
	var out []Violation
	for _, name := range texts(r.node["required"]) {
		if _, present := object[name]; !present {
			out = append(out, r.absent(name, ""))
		}
	}
	return out
}

func (r rule) dependents() []Violation {
	object, _ := r.value.(map[string]any)
	table, _ := r.node[r.keyword].(map[string]any)
	var out []Violation
	for name, needs := range table {
		if _, present := object[name]; !present {
			continue
		}
		for _, need := range texts(needs) {
			if _, present := object[need]; !present {
				out = append(out, r.absent(need, name))
			}
		}
	}
	slices.SortFunc(out, func(a, b Violation) int { return strings.Compare(a.Pointer, b.Pointer) })
	return out
}

func (r rule) absent(name, because string) Violation {
	v := Violation{Pointer: child(r.pointer, name), Code: "required", Detail: name + " is missing.", Fix: "Add " + name + "."}
	if because != "" {
		v.Code, v.Detail = "dependent_required", name+" is missing; it belongs to "+because+"."
	}
	if own, ok := r.node["x-code"].(string); ok {
		v.Code, v.Detail, v.Fix = own, r.detail(), r.fix()
		return v
	}
	field, _ := resolve(r.node, child("/properties", name))
	if property, ok := field.(map[string]any); ok {
		v.Fix = "Add " + name + ":" + prefixed(" ", property["description"])
	}
	return v
}

// unknown recomputes which fields the schema does not know.
func (r rule) unknown() []Violation {
	object, _ := r.value.(map[string]any)
	known, _ := r.node["properties"].(map[string]any)
	candidates := known
	if len(object) > MaxViolations+len(known) { // no slip of the pen: save the search
		candidates = nil
	}
	var out []Violation
	for name := range object {
		if _, ok := known[name]; !ok && !r.patterned(name) {
			out = append(out, unknownField(child(r.pointer, name), name, candidates))
		}
	}
	slices.SortFunc(out, func(a, b Violation) int { return strings.Compare(a.Pointer, b.Pointer) })
	return out
}

func (r rule) patterned(name string) bool {
	patterns, _ := r.node["patternProperties"].(map[string]any)
	for p := range patterns {
		if ok, err := regexp.MatchString(p, name); ok && err == nil {
			return true
		}
	}
	return false
}

func unknownField(pointer, name string, known map[string]any) Violation {
	return Violation{
		Pointer: pointer,
		Code:    "unknown_field",
		Detail:  "There is no such field here.",
		Fix:     "Take it out." + suggestion(name, known),
	}
}

func prefixed(prefix string, v any) string {
	if s, ok := v.(string); ok && s != "" {
		return prefix + s
	}
	return ""
}

func written(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "the fixed value"
	}
	return string(raw)
}
