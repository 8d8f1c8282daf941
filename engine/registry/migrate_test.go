package registry_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/afara-dev/afara/engine/store"
)

// A connection from before versions were kept has a first one to go back to.
func TestConnectionsFromBeforeHaveAVersion(t *testing.T) {
	t.Parallel()
	old := fstest.MapFS{}
	for _, name := range []string{"0001_spine.sql", "0002_tenant.sql", "0003_webhooks.sql"} {
		raw, err := os.ReadFile(filepath.Join("..", "store", "migrations", name))
		if err != nil {
			t.Fatal(err)
		}
		old[name] = &fstest.MapFile{Data: raw}
	}
	url := "sqlite:" + filepath.Join(t.TempDir(), "afara.db")
	before, err := store.Open(t.Context(), store.Config{URL: url, Migrations: old})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t}
	w.must(before.Write(t.Context(), []store.Statement{{
		SQL: `INSERT INTO connection (id, environment_id, environment_kind, connector, name, version, enabled, settings, settings_public, credential, created_at, updated_at)
VALUES ('con_1', 'env_a', 'sandbox', 'one', 'a', 7, 1, 'sealed', '{}', '', 1, 2), ('con_2', 'env_a', 'sandbox', 'one', 'b', 1, 0, 'sealed', '{}', '', 1, 3)`,
		Rows: 2,
	}}))
	w.must(before.Close())
	w.store, err = store.Open(t.Context(), store.Config{URL: url})
	w.must(err)
	t.Cleanup(func() { _ = w.store.Close() })
	for _, condition := range []string{
		`SELECT COUNT(*) FROM connection_version WHERE connection_id = 'con_1' AND version = 7 AND settings = 'sealed' AND settings_public = '{}' AND created_at = 2`,
		`SELECT COUNT(*) FROM connection WHERE id = 'con_1' AND disabled_at = 0`,
		`SELECT COUNT(*) FROM connection WHERE id = 'con_2' AND disabled_at = 3`,
	} {
		if w.count(condition) != 1 {
			t.Error(condition)
		}
	}
}
