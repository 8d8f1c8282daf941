package callback

import (
	"fmt"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// where gathers the conditions of a list.
type where struct {
	conditions []string
	args       []any
}

// add appends a condition whose %d is the number of its argument.
func (w *where) add(condition string, arg any) {
	w.args = append(w.args, arg)
	w.conditions = append(w.conditions, fmt.Sprintf(condition, len(w.args)))
}

// text adds a condition unless its argument is empty.
func (w *where) text(condition, arg string) {
	if arg != "" {
		w.add(condition, arg)
	}
}

// time adds a condition unless its argument is zero.
func (w *where) time(condition string, at time.Time) {
	if !at.IsZero() {
		w.add(condition, domain.Micros(at))
	}
}

// in adds a condition whose %s is a list, unless there is nothing in it.
func in[T ~string](w *where, condition string, values []T) {
	if len(values) == 0 {
		return
	}
	list, args := store.List(len(w.args), values)
	w.args = append(w.args, args...)
	w.conditions = append(w.conditions, fmt.Sprintf(condition, list))
}

// events keeps events whose type a pattern matches; an empty one matches all.
func (w *where) events(column, pattern string) {
	if pattern == "" || pattern == "*" {
		return
	}
	in(w, column+` IN (%s)`, append(typesOf(pattern), "")) // "" is no type: a pattern of none finds none
}

func typesOf(pattern string) []string {
	var types []string
	for _, t := range schemas.EventTypes() {
		if schemas.EventPattern(pattern).Matches(t.Name) {
			types = append(types, t.Name)
		}
	}
	return types
}

// sql gives the conditions joined, and the arguments with limit as the last.
func (w *where) sql(limit int) (conditions, limitMark string, args []any) {
	return strings.Join(w.conditions, " AND "), fmt.Sprintf("$%d", len(w.args)+1), append(w.args, int64(limit))
}
