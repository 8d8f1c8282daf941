package schemas

import (
	"fmt"
	"slices"
	"strings"
)

// EventTypeError is why a name is no event type, or a pattern matches none.
type EventTypeError struct {
	// Name is what was asked for, cut when it is too long to be one.
	Name string
	// Code is unknown_event_type, event_alias or event_pattern.
	Code string
	// Detail says what is wrong. It does not repeat the name.
	Detail string
	// Fix says what to do: what was probably meant, or what there is.
	Fix string
}

func (e *EventTypeError) Error() string {
	return fmt.Sprintf("event type %q: %s %s", e.Name, e.Detail, e.Fix)
}

// notAType says why name is not in the catalogue.
func notAType(name string) *EventTypeError {
	if of, ok := EventAlias(name); ok {
		return &EventTypeError{Name: name, Code: "event_alias", Detail: "This is an alias, for subscriptions only.", Fix: "Use " + of + "."}
	}
	return &EventTypeError{Name: shortened(name), Code: "unknown_event_type", Detail: "There is no such event type.", Fix: meant(name, eventNames())}
}

// notAPattern says why no type of the catalogue matches s.
func notAPattern(s string) *EventTypeError {
	switch family, wild := strings.CutSuffix(s, ".*"); {
	case wild && family != "" && !strings.Contains(family, "*"):
		return &EventTypeError{Name: shortened(s), Code: "unknown_event_type", Detail: "No event type begins like this.", Fix: meant(s, families())}
	case strings.Contains(s, "*"):
		return &EventTypeError{Name: shortened(s), Code: "event_pattern", Detail: "A star stands alone, or after the dot that ends a family.", Fix: "Write *, or a family such as invoice.*."}
	}
	known := eventNames()
	for _, a := range eventAliases {
		known = append(known, a.name)
	}
	return &EventTypeError{Name: shortened(s), Code: "unknown_event_type", Detail: "There is no such event type.", Fix: meant(s, known)}
}

// meant offers the nearest of the known names, else those of the same family,
// else all.
func meant(name string, known []string) string {
	tidy := strings.ToLower(strings.TrimSpace(name))
	best, least := "", 3
	for _, candidate := range known {
		if d := distance(tidy, candidate); d < least {
			best, least = candidate, d
		}
	}
	if best != "" {
		return "Did you mean " + best + "?"
	}
	if family, _, ok := strings.Cut(tidy, "."); ok {
		if kin := startingWith(family+".", known); len(kin) > 0 {
			known = kin
		}
	}
	return "Use one of " + listed(known) + "."
}

func startingWith(prefix string, names []string) []string {
	var out []string
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			out = append(out, name)
		}
	}
	return out
}

func eventNames() []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.name
	}
	return out
}

// families lists invoice.* and the like, in the order of the catalogue.
func families() []string {
	var out []string
	for _, e := range entries {
		family, _, _ := strings.Cut(e.name, ".")
		if f := family + ".*"; !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// shortened keeps an error from carrying what somebody sent by the kilobyte.
func shortened(name string) string {
	if len(name) <= maxEventPattern {
		return name
	}
	return strings.ToValidUTF8(name[:maxEventPattern], "") + "…"
}
