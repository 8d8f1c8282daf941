package tenant

import (
	"context"
	"errors"

	"github.com/afara-dev/afara/engine/store"
)

// all reads every row of a result.
func all[T any](ctx context.Context, q store.Querier, scan func(store.Rows) (T, error), sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, errors.Join(err, rows.Err())
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// one reads the one row that a key names; store.ErrNotFound when there is none.
func one[T any](ctx context.Context, q store.Querier, scan func(store.Rows) (T, error), sql string, args ...any) (T, error) {
	var zero T
	list, err := all(ctx, q, scan, sql, args...)
	if err != nil {
		return zero, err
	}
	if len(list) == 0 {
		return zero, store.ErrNotFound
	}
	return list[0], nil
}
