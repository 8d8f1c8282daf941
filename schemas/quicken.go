package schemas

import (
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// quicken turns a compiled schema into its quick form. Where the schema uses a
// keyword that the quick form lacks, the node knows nothing. The schema must
// not contain itself: ours have no $ref left when they are compiled.
func quicken(s *jsonschema.Schema) *quickNode {
	if s == nil {
		return nil
	}
	n := &quickNode{}
	if !beyond(s) {
		n.known = n.fill(s)
	}
	return n
}

func (n *quickNode) fill(s *jsonschema.Schema) bool {
	var ok [3]bool
	n.types, n.required, n.dependent = s.Types, s.Required, s.DependentRequired
	n.minLength, n.maxLength, n.pattern = s.MinLength, s.MaxLength, newQuickPattern(s.Pattern)
	n.minItems, n.maxItems = s.MinItems, s.MaxItems
	n.enum, n.enumNull, ok[0] = textEnum(s.Enum)
	n.number, ok[1] = quickNumberOf(s)
	n.format, ok[2] = quickFormat(s.Format)
	n.closed, n.maxFields = s.AdditionalProperties == false, s.MaxProperties
	if rest, ok := s.AdditionalProperties.(*jsonschema.Schema); ok {
		n.rest = quicken(rest)
	}
	n.names = quicken(s.PropertyNames)
	n.properties = make(map[string]*quickNode, len(s.Properties))
	for name, p := range s.Properties {
		n.properties[name] = quicken(p)
	}
	n.items = quicken(s.Items2020)
	n.allOf, n.anyOf, n.oneOf = quickenAll(s.AllOf), quickenAll(s.AnyOf), quickenAll(s.OneOf)
	n.not, n.when, n.then, n.orDo = quicken(s.Not), quicken(s.If), quicken(s.Then), quicken(s.Else)
	return ok[0] && ok[1] && ok[2]
}

func quickenAll(list []*jsonschema.Schema) []*quickNode {
	out := make([]*quickNode, len(list))
	for i, s := range list {
		out[i] = quicken(s)
	}
	return out
}

// beyond reports a keyword that the quick form lacks.
func beyond(s *jsonschema.Schema) bool {
	return s.Always != nil || len(s.Constant) > 0 ||
		s.Ref != nil || s.RecursiveRef != nil || s.DynamicRef != nil ||
		s.MinProperties != -1 || s.RegexProperties || len(s.PatternProperties) > 0 ||
		s.Dependencies != nil || s.DependentSchemas != nil || s.UnevaluatedProperties != nil ||
		s.UniqueItems || s.Items != nil || s.AdditionalItems != nil || len(s.PrefixItems) > 0 ||
		s.Contains != nil || s.UnevaluatedItems != nil ||
		s.ContentEncoding != "" || s.ContentMediaType != "" || len(s.Extensions) > 0
}

// textEnum is nil without an enum, and not ok with members that are neither
// text nor null.
func textEnum(members []any) (set map[string]struct{}, null, ok bool) {
	if len(members) == 0 {
		return nil, false, true
	}
	set = make(map[string]struct{}, len(members))
	for _, m := range members {
		s, isText := m.(string)
		if !isText && m != nil {
			return nil, false, false
		}
		if isText {
			set[s] = struct{}{}
		} else {
			null = true
		}
	}
	return set, null, true
}

func quickNumberOf(s *jsonschema.Schema) (quickNumber, bool) {
	var n quickNumber
	var ok [5]bool
	n.minimum, ok[0] = fixedOf(s.Minimum)
	n.maximum, ok[1] = fixedOf(s.Maximum)
	n.above, ok[2] = fixedOf(s.ExclusiveMinimum)
	n.below, ok[3] = fixedOf(s.ExclusiveMaximum)
	n.decimals, ok[4] = decimalsOf(s.MultipleOf)
	return n, ok == [5]bool{true, true, true, true, true}
}

// quickFormat is the validator's own check of a format; an unknown format
// asserts nothing there either.
func quickFormat(name string) (func(any) bool, bool) {
	if name == "" {
		return nil, true
	}
	f, known := jsonschema.Formats[name]
	return f, known
}
