package schemas

import (
	"fmt"
	"strings"
)

// Violation is one fault of a document.
type Violation struct {
	// Pointer is the JSON pointer (RFC 6901) of the faulty value; "" is the
	// whole document.
	Pointer string
	// Code names the broken rule, in snake_case.
	Code string
	// Detail says what is wrong. It never repeats the value.
	Detail string
	// Fix says what to do.
	Fix string
}

// ValidationError is why bytes are not a document of a schema.
type ValidationError struct {
	Schema ID
	// Malformed is set when the bytes are not one well-formed JSON value; the
	// schema was not looked at then.
	Malformed bool
	// Violations holds every fault, ordered by pointer, at most MaxViolations.
	Violations []Violation
	// Truncated counts the faults beyond those.
	Truncated int
}

// MaxViolations bounds how many faults one ValidationError lists.
const MaxViolations = 100

func (e *ValidationError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "not a valid %s: ", shortName(e.Schema))
	for i, v := range e.Violations {
		if i == 3 {
			fmt.Fprintf(&b, " and %d more", len(e.Violations)-i+e.Truncated)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s %s", at(v.Pointer), v.Detail)
	}
	return b.String()
}

func at(pointer string) string {
	if pointer == "" {
		return "document:"
	}
	return pointer + ":"
}

func shortName(id ID) string {
	if id == "" {
		return "document"
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(id), base), ".json")
}
