package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

func TestASecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, link := filepath.Join(dir, "store.db"), filepath.Join(dir, "link.db")
	cfg := store.Config{URL: path, Migrations: storetest.Migrations()}
	first, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, link} {
		cfg.URL = "sqlite:" + name
		_, err := store.Open(t.Context(), cfg)
		if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
			t.Errorf("second open of %s: %v, want ErrLocked with file and pid", name, err)
		}
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("after the first has closed: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

// A child that is being started shares its parent's open files until it runs its
// own program: a copy of the lock's descriptor stands for it.
func TestALockEndsWithItsHolderWhoeverSharesItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "store.db")
	cfg := store.Config{URL: path, Migrations: storetest.Migrations()}
	first, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	copied := 0
	for _, fd := range openFiles(t, path+".lock") {
		shared, err := unix.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		copied++
		defer unix.Close(shared)
	}
	if err := first.Close(); err != nil || copied != 1 {
		t.Fatalf("%d descriptors copied, %v", copied, err)
	}
	second, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("the lock outlived its holder: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}

// openFiles lists this process's descriptors of a file.
func openFiles(t *testing.T, path string) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("SKIPPED, NOT PROVED: no list of descriptors here: %v", err)
	}
	var out []int
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && to == path {
			fd, err := strconv.Atoi(e.Name())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fd)
		}
	}
	return out
}

func TestASQLiteFileIsPrivate(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	s := storetest.SQLite(t, storetest.Tables, func(c *store.Config) { c.URL = filepath.Join(dir, "odd name?#%.db") })
	if err := s.Write(t.Context(), row("a", 10)); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 3 { // the file, its log, the lock
		t.Fatalf("%d files, %v", len(entries), err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || info.Mode().Perm()&0o077 != 0 || !strings.HasPrefix(e.Name(), "odd name?#%.db") {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

func TestBadSettingsAreNamed(t *testing.T) {
	t.Parallel()
	for says, cfg := range map[string]store.Config{
		"URL is empty": {},
		"Synchronous":  {URL: "x.db", Synchronous: "OFF"},
		"MaxConns":     {URL: "x.db", MaxConns: -1},
		"GroupLimit":   {URL: "x.db", GroupLimit: -1},
		"names no fi":  {URL: "sqlite::memory:"},
		"4 writers":    {URL: "postgres://127.0.0.1/x", Writers: 4, MaxConns: 5},
	} {
		if _, err := store.Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want %q", cfg, err, says)
		}
	}
}

func TestSQLiteReadersCannotWrite(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t, storetest.Tables)
	rows, err := s.Reader().Query(t.Context(), `INSERT INTO probe (id) VALUES ('a') RETURNING id`)
	if err == nil {
		for rows.Next() {
			t.Error("a reader's write gave a row")
		}
		err = rows.Err()
	}
	if err == nil || stored(t, s, "a") != 0 {
		t.Errorf("a reader wrote: %v", err)
	}
}
