package store

import (
	"strconv"
	"strings"
)

// List gives the placeholders of an IN list and its arguments, numbered after
// those that the statement has already. The last value is repeated up to a
// power of two: lists of any length then share a few statements, which stay
// prepared.
func List[T ~string](after int, values []T) (marks string, args []any) {
	n := 1
	for n < len(values) {
		n *= 2
	}
	var b strings.Builder
	b.Grow(6 * n)
	args = make([]any, n)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(after + i + 1))
		args[i] = ""
		if len(values) > 0 {
			args[i] = string(values[min(i, len(values)-1)])
		}
	}
	return b.String(), args
}
