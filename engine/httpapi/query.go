package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// maxParameter is the longest value of a query parameter, in bytes.
const maxParameter = 256

// query reads parameters and collects what is wrong with them. knownQuery has
// seen to it that each is known and given once.
type query struct {
	values url.Values
	faults []domain.FieldError
}

func newQuery(r *http.Request) *query { return &query{values: r.URL.Query()} }

// text is the value as it is; "" when absent.
func (q *query) text(name string) string { return q.textUpTo(name, maxParameter) }

// textUpTo is text of at most so many bytes.
func (q *query) textUpTo(name string, limit int) string {
	v := q.values.Get(name)
	switch {
	case !q.values.Has(name):
	case v == "":
		q.fault(name, "empty", "The parameter has no value.", "Give it one, or leave it out.")
	case len(v) > limit || strings.ContainsRune(v, 0):
		q.fault(name, "too_long", fmt.Sprintf("The value has more than %d bytes or holds a NUL.", limit), "Shorten it.")
	default:
		return v
	}
	return ""
}

func (q *query) fault(name, code, detail, fix string) {
	q.faults = append(q.faults, queryFault(name, code, detail, fix))
}

func (q *query) oneOf(name string, allowed ...string) string {
	v := q.text(name)
	for _, a := range allowed {
		if v == a {
			return v
		}
	}
	if v != "" {
		q.fault(name, "enum", "The value is none of those allowed.", "Use one of: "+listed(allowed)+".")
	}
	return ""
}

// boolean is nil when absent.
func (q *query) boolean(name string) *bool {
	v := q.oneOf(name, "true", "false")
	if v == "" {
		return nil
	}
	is := v == "true"
	return &is
}

func (q *query) date(name string) string {
	v := q.text(name)
	if _, err := time.Parse(time.DateOnly, v); v != "" && err != nil {
		q.fault(name, "date", "The value is no date.", "Write it like 2026-01-31.")
		return ""
	}
	return v
}

func (q *query) moment(name string) time.Time {
	v := q.text(name)
	if v == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		q.fault(name, "date-time", "The value is no moment of RFC 3339.", "Write it like 2026-01-31T08:00:00Z; a plus sign is %2B.")
	}
	return t
}

func (q *query) id(name, prefix string) string {
	v := q.text(name)
	if v != "" && !domain.IsID(prefix, v) {
		q.fault(name, "id", "The value is no id of this kind.", "Copy it from an answer; it begins with "+prefix+".")
		return ""
	}
	return v
}

// pattern is an event type or a pattern such as invoice.*.
func (q *query) pattern(name string) string {
	v := q.text(name)
	if v == "" {
		return ""
	}
	if _, err := schemas.ParseEventPattern(v); err != nil {
		q.fault(name, "event_type", "No event type is like this.", fixEventType)
		return ""
	}
	return v
}

// fixEventType is what to do about a type that is none.
const fixEventType = "GET /v1/event-types lists all types."

// count is a number from 1 to most, or fallback when absent.
func (q *query) count(name string, fallback, most int) int {
	return q.between(name, fallback, 1, most)
}

func (q *query) between(name string, fallback, least, most int) int {
	v := q.text(name)
	if v == "" {
		return fallback
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		q.fault(name, "range", fmt.Sprintf("The value is no whole number from %d to %d.", least, most), fmt.Sprintf("Write a number from %d to %d.", least, most))
		return fallback
	}
	return n
}
