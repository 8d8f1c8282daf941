package storetest

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

type named int64

type flag bool

// one reads a single row.
func one(t *testing.T, s *store.Store, query string, args []any, dest ...any) {
	t.Helper()
	rows, err := s.Reader().Query(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("query: %v", err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatalf("%s: no row: %v", query, rows.Err())
	}
	if err := rows.Scan(dest...); err != nil {
		t.Fatalf("%s: scan: %v", query, err)
	}
}

func values(t *testing.T, s *store.Store) {
	raw, text := []byte{0, 1, 0xff, '{'}, "né"
	put := store.Statement{SQL: `INSERT INTO probe (id, n, epoch, owner, raw) VALUES ($1, $2, $3, $4, $5)`, Rows: 1}
	for _, args := range [][]any{
		{domain.MessageID("msg_1"), named(7), true, &text, raw},
		{"msg_2", int32(8), flag(false), (*string)(nil), json.RawMessage(raw)},
		{"msg_3", uint16(9), 1, sql.NullString{String: "o3", Valid: true}, []byte{}},
		{"msg_4", int64(10), 0, nil, []byte(nil)},
		{"msg_5", int64(11), 0, sql.NullString{}, nil},
	} {
		put.Args = args
		mustWrite(t, s, put)
	}
	var (
		id    domain.MessageID
		n     named
		epoch bool
		owner *string
		back  json.RawMessage
	)
	one(t, s, `SELECT id, n, epoch, owner, raw FROM probe WHERE id = $1`, []any{domain.MessageID("msg_1")}, &id, &n, &epoch, &owner, &back)
	if id != "msg_1" || n != 7 || !epoch || owner == nil || *owner != text || !bytes.Equal(back, raw) {
		t.Errorf("got %q %d %v %v %x", id, n, epoch, owner, back)
	}
	one(t, s, `SELECT epoch, owner, raw FROM probe WHERE id = $1`, []any{"msg_2"}, &epoch, &owner, &back)
	if epoch || owner != nil || !bytes.Equal(back, raw) {
		t.Errorf("got %v %v %x", epoch, owner, back)
	}
	want(t, s, 3, `SELECT count(*) FROM probe WHERE raw IS NOT NULL`)
	want(t, s, 2, `SELECT count(*) FROM probe WHERE owner IS NOT NULL`)
	want(t, s, 2, `SELECT count(*) FROM probe WHERE raw = $1`, raw)
}

func textAndBytes(t *testing.T, s *store.Store) {
	mustWrite(t, s, store.Statement{SQL: `INSERT INTO probe (id, raw) VALUES ($1, $2)`, Args: []any{"a", []byte("body")}, Rows: 1})
	var (
		fromBytes domain.Stage
		fromText  []byte
		either    any
		no        = true
	)
	one(t, s, `SELECT raw, id, n, epoch FROM probe`, nil, &fromBytes, &fromText, &either, &no)
	if no || fromBytes != "body" || string(fromText) != "a" || either != int64(0) {
		t.Errorf("got %q %q %v", fromBytes, fromText, either)
	}
}

func badArguments(t *testing.T, s *store.Store) {
	for name, c := range map[string]struct {
		arg  any
		says string
	}{
		"a float":       {1.5, "decimals as text"},
		"a time":        {time.Unix(0, 0), "Unix microseconds"},
		"a map":         {map[string]int{}, "pass text"},
		"broken text":   {"a\xff", "valid UTF-8"},
		"a zero byte":   {domain.MessageID("a\x00b"), "zero byte"},
		"a huge number": {uint64(1 << 63), "pass text"},
	} {
		st := []store.Statement{insert("x", 1), {SQL: `INSERT INTO probe (id, owner) VALUES ($1, $2)`, Args: []any{"a", c.arg}}}
		err := s.Write(t.Context(), st)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "statement 2") ||
			!strings.Contains(err.Error(), "argument $2") {
			t.Errorf("%s: %v: want statement, argument and %q named", name, err, c.says)
		}
		if _, err := s.Reader().Query(t.Context(), `SELECT 1 FROM probe WHERE owner = $1`, c.arg); err == nil {
			t.Errorf("%s: a read took it", name)
		}
	}
	want(t, s, 0, `SELECT count(*) FROM probe`)
}
