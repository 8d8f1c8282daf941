package schemas

import (
	"slices"
	"strings"
)

// EventPattern is what a subscription asks for: an event type, an alias, a
// family such as invoice.*, or * for everything. A pattern from outside goes
// through ParseEventPattern.
type EventPattern string

// maxEventPattern is longer than any type of the catalogue, as in event.json.
const maxEventPattern = 100

var eventAliases = []struct{ name, of string }{
	{"sale.sync", EventInvoiceSigned},
}

// EventAlias is the type that an alias stands for in subscriptions.
func EventAlias(name string) (string, bool) {
	for _, a := range eventAliases {
		if a.name == name {
			return a.of, true
		}
	}
	return "", false
}

func aliasesOf(eventType string) []string {
	var out []string
	for _, a := range eventAliases {
		if a.of == eventType {
			out = append(out, a.name)
		}
	}
	return out
}

// ParseEventPattern refuses what no type of the catalogue can match: a
// subscription to it would be silent for ever. The error is an
// *EventTypeError.
func ParseEventPattern(s string) (EventPattern, error) {
	p := EventPattern(s)
	if len(s) <= maxEventPattern && slices.ContainsFunc(entries, func(e entry) bool { return p.Matches(e.name) }) {
		return p, nil
	}
	return "", notAPattern(s)
}

// Matches reports whether the pattern asks for events of a type.
func (p EventPattern) Matches(eventType string) bool {
	if p == "*" {
		return eventType != ""
	}
	if family, ok := strings.CutSuffix(string(p), ".*"); ok {
		rest, ours := strings.CutPrefix(eventType, family+".")
		return ours && family != "" && rest != ""
	}
	if of, ok := EventAlias(string(p)); ok {
		return of == eventType
	}
	return string(p) == eventType && eventType != ""
}
