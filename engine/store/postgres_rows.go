package store

import (
	"context"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// postgresReader reads through the readers' pool.
type postgresReader struct{ db *postgresDB }

// Query implements Querier. It holds a connection until the cursor closes.
func (r postgresReader) Query(ctx context.Context, sql string, args ...any) (Rows, error) {
	args, err := normalArgs(args)
	if err != nil {
		return nil, err
	}
	select {
	case <-r.db.closing:
		return nil, errClosed
	default:
	}
	rows, err := r.db.reads.Query(ctx, sql, args...)
	if err != nil {
		return nil, postgresError(err)
	}
	return &postgresRows{rows: rows}, nil
}

// postgresRows scans what SQLite scans: integers into bool, bytes into text.
type postgresRows struct {
	rows  pgx.Rows
	ended func(error)
}

// Next implements Rows.
func (r *postgresRows) Next() bool {
	if r.rows.Next() {
		return true
	}
	r.Close()
	return false
}

// Scan implements Rows.
func (r *postgresRows) Scan(dest ...any) error {
	fields := r.rows.FieldDescriptions()
	var targets []any
	for i, d := range dest {
		t := target(d, i, fields)
		if t == nil {
			continue
		}
		if targets == nil {
			targets = append([]any(nil), dest...)
		}
		targets[i] = t
	}
	if targets == nil {
		targets = dest
	}
	return r.rows.Scan(targets...)
}

// Err implements Rows.
func (r *postgresRows) Err() error { return postgresError(r.rows.Err()) }

// Close implements Rows; calling it again does nothing.
func (r *postgresRows) Close() {
	r.rows.Close()
	if ended := r.ended; ended != nil {
		r.ended = nil
		ended(r.rows.Err())
	}
}

// target gives a scanner where pgx has none of its own, else nil.
func target(dest any, i int, fields []pgconn.FieldDescription) any {
	if i >= len(fields) {
		return nil
	}
	switch fields[i].DataTypeOID {
	case pgtype.Int8OID, pgtype.Int4OID, pgtype.Int2OID:
		if b, ok := dest.(*bool); ok {
			return boolTarget{b}
		}
	case pgtype.ByteaOID:
		if s := reflect.ValueOf(dest); s.Kind() == reflect.Pointer && s.Elem().Kind() == reflect.String {
			return textTarget{s.Elem()}
		}
	}
	return nil
}

// boolTarget scans 0 and 1, as both databases store booleans.
type boolTarget struct{ v *bool }

// Scan implements sql.Scanner.
func (b boolTarget) Scan(src any) error {
	n, ok := src.(int64)
	if !ok || n < 0 || n > 1 {
		return fmt.Errorf("store: cannot scan %v into a bool: the column must hold 0 or 1", src)
	}
	*b.v = n == 1
	return nil
}

// textTarget scans bytes into text.
type textTarget struct{ v reflect.Value }

// Scan implements sql.Scanner.
func (s textTarget) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("store: cannot scan %T into text", src)
	}
	s.v.SetString(string(raw))
	return nil
}
