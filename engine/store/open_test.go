package store_test

import (
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/afara-dev/afara/engine/store"
)

func TestSmoke(t *testing.T) {
	s, err := store.Open(t.Context(), store.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "a b?.db"), Migrations: fstest.MapFS{
		"0001_a.sql": {Data: []byte("CREATE TABLE a (id TEXT PRIMARY KEY, n BIGINT, b BYTES);\nCREATE INDEX i ON a (n);\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), []store.Statement{{SQL: "INSERT INTO a VALUES ($1,$2,$3)", Args: []any{"x", true, []byte("b")}, Rows: 1}}); err != nil {
		t.Fatal(err)
	}
	rows, err := s.Reader().Query(t.Context(), "SELECT n FROM a WHERE id = $1", "x")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var b bool
		if err := rows.Scan(&b); err != nil || !b {
			t.Fatal(err, b)
		}
	}
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "b.db")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
