package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

func TestABackupIsWholeWhileOthersWrite(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t, storetest.Tables)
	if err := s.Write(t.Context(), row("first", 10)); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	errs := together(func(i int) error {
		if i == callers/2 {
			return s.Backup(t.Context(), copied)
		}
		return s.Write(t.Context(), append(row(fmt.Sprintf("a%02d", i), 3000), row(fmt.Sprintf("b%02d", i), 3000)...))
	})
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(copied)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info.Mode(), err)
	}
	c := storetest.SQLite(t, storetest.Tables, func(cfg *store.Config) { cfg.URL = copied })
	if stored(t, c, "first") != 1 || stored(t, c, "a") != stored(t, c, "b") {
		t.Errorf("the copy holds %d, %d and %d rows", stored(t, c, "first"), stored(t, c, "a"), stored(t, c, "b"))
	}
}

func TestABackupReplacesNothing(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t, storetest.Tables)
	there := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), there); err == nil || !strings.Contains(err.Error(), "new name") {
		t.Errorf("got %v", err)
	}
	if raw, _ := os.ReadFile(there); string(raw) != "mine" {
		t.Error("the file was touched")
	}
	missing := filepath.Join(t.TempDir(), "no", "folder")
	if err := s.Backup(t.Context(), missing); err == nil {
		t.Error("a backup into a missing folder")
	}
}

func TestPostgresBackupNamesTheTool(t *testing.T) {
	t.Parallel()
	s := storetest.Postgres(t, storetest.Tables)
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "x")); err == nil || !strings.Contains(err.Error(), "pg_dump") {
		t.Errorf("got %v", err)
	}
}
