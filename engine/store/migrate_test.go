package store_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/store"
)

// steps makes migrations from their texts, numbered from 1.
func steps(texts ...string) fstest.MapFS {
	names := []string{"0001_a.sql", "0002_b.sql", "0003_c.sql"}
	out := fstest.MapFS{"README.md": {Data: []byte("not a migration")}}
	for i, text := range texts {
		out[names[i]] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

// onBoth runs fn with the URL of an empty database of each kind.
func onBoth(t *testing.T, fn func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, "sqlite:"+filepath.Join(t.TempDir(), "new", "store.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fn(t, testserver.Postgres(t))
	})
}

func version(t *testing.T, url string, migrations fs.FS) (int64, error) {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{URL: url, Migrations: migrations})
	if err != nil {
		return 0, err
	}
	v, err := s.Version(t.Context())
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return v, nil
}

func TestMigrationsRunOnceAndInOrder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		one, two := "CREATE TABLE a (x BYTES);", "ALTER TABLE a ADD COLUMN y BIGINT;\nCREATE INDEX a_y ON a (y);\n"
		for i, migrations := range []fstest.MapFS{steps(one), steps(one, two), steps(one, two)} {
			v, err := version(t, url, migrations)
			if err != nil || v != int64(min(i+1, 2)) {
				t.Fatalf("start %d: version %d, %v", i+1, v, err)
			}
		}
		if _, err := version(t, url, steps(one)); !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "version 2") {
			t.Errorf("an older build: %v, want ErrNewer with the version", err)
		}
	})
}

func TestAFailedMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		good := "CREATE TABLE a (x BIGINT);"
		_, err := version(t, url, steps(good, "CREATE TABLE b (x BIGINT); INSERT INTO b VALUES (1); SELECT * FROM missing;"))
		if err == nil || !strings.Contains(err.Error(), "0002_b.sql") {
			t.Fatalf("got %v, want the file named", err)
		}
		if v, err := version(t, url, steps(good)); err != nil || v != 1 {
			t.Errorf("afterwards: version %d, %v", v, err)
		}
		if v, err := version(t, url, steps(good, "CREATE TABLE b (y BIGINT);")); err != nil || v != 2 {
			t.Errorf("repaired: version %d, %v", v, err)
		}
	})
}

func TestNodesThatStartTogetherMigrateOnce(t *testing.T) {
	t.Parallel()
	url := testserver.Postgres(t)
	errs := together(func(i int) error {
		if i >= 8 {
			return nil
		}
		s, err := store.Open(t.Context(), store.Config{URL: url, MaxConns: 4, Migrations: steps(
			"CREATE TABLE a (x BIGINT);", "INSERT INTO a VALUES (1);", "CREATE TABLE b (x BIGINT);")})
		if err != nil {
			return err
		}
		return s.Close()
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if v, err := version(t, url, steps("", "", "")); err != nil || v != 3 {
		t.Errorf("version %d, %v", v, err)
	}
}

func TestMigrationFilesAreChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files []string
		says  string
	}{
		"a gap":       {[]string{"0001_a.sql", "0003_c.sql"}, "0002"},
		"not from 1":  {[]string{"0002_a.sql"}, "0001"},
		"twice":       {[]string{"0001_a.sql", "0001_b.sql"}, "one file per number"},
		"a bad name":  {[]string{"0001-A.sql"}, "NNNN_name.sql"},
		"no number":   {[]string{"first.sql"}, "NNNN_name.sql"},
		"too few":     {[]string{"001_a.sql"}, "NNNN_name.sql"},
		"a good name": {[]string{"0001_a_2.sql"}, ""},
	} {
		fsys := fstest.MapFS{}
		for _, f := range c.files {
			fsys[f] = &fstest.MapFile{}
		}
		_, err := version(t, filepath.Join(t.TempDir(), "store.db"), fsys)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// The tables that ship must be good SQL on both databases.
func TestTheProgramsMigrationsRunOnBoth(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		if v, err := version(t, url, nil); err != nil || v == 0 {
			t.Errorf("version %d, %v", v, err)
		}
	})
}
