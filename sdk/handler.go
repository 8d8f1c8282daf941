package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
)

// Handler runs one operation once and answers its result as JSON. Handle makes
// one of a typed function.
type Handler func(ctx context.Context, call *Call) (json.RawMessage, error)

// Handle makes a Handler of a function over the operation's own types.
func Handle[In, Out any](f func(context.Context, *Call, In) (Out, error)) Handler {
	return func(ctx context.Context, call *Call) (json.RawMessage, error) {
		in, err := Decode[In](call.Parameters)
		if err != nil {
			return nil, Internalf("parameters_unreadable", "decode parameters of %s: %w", call.Operation, err)
		}
		out, err := f(ctx, call, in)
		if err != nil {
			return nil, err
		}
		result, err := json.Marshal(out)
		if err != nil {
			return nil, Internalf("result_unwritable", "encode result of %s: %w", call.Operation, err)
		}
		return result, nil
	}
}

// Decode reads one JSON value as a T; empty input is the zero T. Numbers that
// land in an any stay json.Number, so that no amount passes through a float.
func Decode[T any](raw []byte) (T, error) {
	var v T
	if len(bytes.TrimSpace(raw)) == 0 {
		return v, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return v, fmt.Errorf("decode %T: %w", v, err)
	}
	return v, nil
}
