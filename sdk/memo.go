package sdk

import (
	"context"
	"errors"
	"reflect"
)

// memo is one value being built, or built once done is closed.
type memo struct {
	done  chan struct{}
	value any
	err   error
}

var errBuildPanicked = errors.New("the function that builds the value panicked")

// Memo gives what build made of a connection's version, building it once per
// version and type T however many calls ask at the same time: parsed keys, a
// client, code lists. An error is given to those who waited for it and not kept.
// It is a cache: a value may be forgotten and built again at any time.
func Memo[T any](ctx context.Context, c *Connection, build func(context.Context, *Connection) (T, error)) (T, error) {
	kind := reflect.TypeFor[T]()
	for {
		m, mine := c.held.memo(kind)
		if mine {
			return fill(ctx, c, kind, m, build)
		}
		select {
		case <-ctx.Done():
			var zero T
			return zero, ctx.Err()
		case <-m.done:
		}
		// The builder may have failed only because its own call was cut.
		if isCut(m.err) && ctx.Err() == nil {
			continue
		}
		value, _ := m.value.(T)
		return value, m.err
	}
}

func fill[T any](ctx context.Context, c *Connection, kind reflect.Type, m *memo, build func(context.Context, *Connection) (T, error)) (T, error) {
	m.err = errBuildPanicked
	defer func() {
		if m.err != nil {
			c.held.forget(kind, m)
		}
		close(m.done)
	}()
	value, err := build(ctx, c)
	m.value, m.err = value, err
	return value, err
}

func isCut(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// memo gives the memo of a type; mine says that the caller has to fill it.
func (h *heldConnection) memo(kind reflect.Type) (m *memo, mine bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m, ok := h.memos[kind]; ok {
		return m, false
	}
	if h.memos == nil {
		h.memos = make(map[reflect.Type]*memo)
	}
	m = &memo{done: make(chan struct{})}
	h.memos[kind] = m
	return m, true
}

func (h *heldConnection) forget(kind reflect.Type, m *memo) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.memos[kind] == m {
		delete(h.memos, kind)
	}
}
