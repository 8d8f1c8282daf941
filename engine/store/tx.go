package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"
)

// errGone is the verdict of a member whose goroutine ended inside its function.
var errGone = errors.New("store: the update's goroutine ended before it returned")

// errTxOver is a Tx that was used after its function had returned.
var errTxOver = errors.New("store: the transaction is over")

// errNested is a Write or Update from inside an Update.
var errNested = errors.New("store: a write inside an update would wait for itself: use the update's Tx")

// insideUpdate is the key under which an update's context says what it is.
type insideUpdate struct{}

func inUpdate(ctx context.Context) bool { return ctx.Value(insideUpdate{}) != nil }

// panicError is a panic of an update's function, as that caller's error.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("store: update panicked: %v", e.value) }

func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}

// check compares the rows that a statement touched with what it must touch.
func (s *Statement) check(touched int64) error {
	if s.Rows == AnyRows || s.Rows == touched {
		return nil
	}
	if s.Err != nil {
		return s.Err
	}
	return ErrStale
}

// apply runs statements in order and stops at the first error or wrong count.
func apply(statements []Statement, exec func(*Statement) (touched int64, err error)) error {
	for i := range statements {
		s := &statements[i]
		touched, err := exec(s)
		if err != nil {
			return err
		}
		if err := s.check(touched); err != nil {
			return err
		}
	}
	return nil
}

// takeInto reads what a RETURNING clause gave and counts its rows.
func takeInto(rows Rows, into *int64) (touched int64, err error) {
	for rows.Next() {
		if err := rows.Scan(into); err != nil {
			return touched, err
		}
		touched++
	}
	return touched, rows.Err()
}

// normalStatements gives statements whose arguments both databases take. It
// runs on the caller's goroutine, so that a bad argument costs no writer time.
func normalStatements(statements []Statement) ([]Statement, error) {
	out := make([]Statement, len(statements))
	for i, s := range statements {
		args, err := normalArgs(s.Args)
		if err != nil {
			return nil, fmt.Errorf("statement %d (%s): %w", i+1, brief(s.SQL), err)
		}
		s.Args = args
		out[i] = s
	}
	return out, nil
}

// size is about how many bytes of arguments statements carry.
func size(statements []Statement) int {
	n := 0
	for i := range statements {
		for _, a := range statements[i].Args {
			switch v := a.(type) {
			case string:
				n += len(v)
			case []byte:
				n += len(v)
			}
		}
	}
	return n
}

// normalArgs turns arguments into what both drivers take alike: nil, int64,
// string, []byte. The slice is copied only when something changes.
func normalArgs(args []any) ([]any, error) {
	out, copied := args, false
	for i, a := range args {
		v, same, err := normalArg(a)
		if err != nil {
			return nil, fmt.Errorf("argument $%d: %w", i+1, err)
		}
		if same {
			continue
		}
		if !copied {
			out, copied = append([]any(nil), args...), true
		}
		out[i] = v
	}
	return out, nil
}

// normalArg reports whether a can stay as it is.
func normalArg(a any) (v any, same bool, err error) {
	switch x := a.(type) {
	case nil, int64:
		return a, true, nil
	case string:
		return a, true, checkText(x)
	case []byte:
		if x == nil {
			return nil, false, nil
		}
		return a, true, nil
	case driver.Valuer:
		return normalValuer(x)
	}
	v, err = normalKind(reflect.ValueOf(a))
	return v, false, err
}

func normalValuer(x driver.Valuer) (any, bool, error) {
	if rv := reflect.ValueOf(x); rv.Kind() == reflect.Pointer && rv.IsNil() {
		return nil, false, nil
	}
	v, err := x.Value()
	if err != nil {
		return nil, false, err
	}
	if _, again := v.(driver.Valuer); again {
		return nil, false, fmt.Errorf("%T gives a value that is itself a driver.Valuer", x)
	}
	v, _, err = normalArg(v)
	return v, false, err
}

func normalKind(rv reflect.Value) (any, error) {
	switch rv.Kind() {
	case reflect.String:
		s := rv.String()
		return s, checkText(s)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int(), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return int64(rv.Uint()), nil
	case reflect.Bool:
		// Both databases store 0 or 1 in a BIGINT: SQLite has no booleans.
		if rv.Bool() {
			return int64(1), nil
		}
		return int64(0), nil
	case reflect.Slice:
		if rv.Type().Elem().Kind() == reflect.Uint8 {
			if rv.IsNil() {
				return nil, nil
			}
			return rv.Bytes(), nil
		}
	case reflect.Pointer:
		if rv.IsNil() {
			return nil, nil
		}
		v, _, err := normalArg(rv.Elem().Interface())
		return v, err
	}
	return nil, fmt.Errorf("a %s cannot be stored alike on both databases: pass text, an integer, bytes or nil "+
		"(times as Unix microseconds, decimals as text)", rv.Type())
}

// checkText refuses what PostgreSQL refuses in TEXT, on SQLite too.
func checkText(s string) error {
	if !utf8.ValidString(s) {
		return errors.New("text is not valid UTF-8: store it as bytes")
	}
	if strings.IndexByte(s, 0) >= 0 {
		return errors.New("text holds a zero byte: store it as bytes")
	}
	return nil
}

// brief is the start of an SQL text, for errors.
func brief(sql string) string {
	s := strings.Join(strings.Fields(sql), " ")
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
