package store_test

import (
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/store"
)

func TestSmoke(t *testing.T) {
	for _, url := range []string{"sqlite:" + filepath.Join(t.TempDir(), "a b?.db"), testserver.Postgres(t)} {
		s, err := store.Open(t.Context(), store.Config{URL: url, Migrations: fstest.MapFS{
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
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
