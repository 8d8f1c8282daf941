package tenant_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/tenant"
)

// database is a real store whose clock is the test's and which can go away.
type database struct {
	*store.Store
	clock *testclock.Clock

	mu    sync.Mutex
	err   error
	reads int
}

func (d *database) Now() time.Time         { return d.clock.Now() }
func (d *database) Reader() store.Querier  { return d }
func (d *database) fail(err error)         { d.mu.Lock(); defer d.mu.Unlock(); d.err = err }
func (d *database) count() int             { d.mu.Lock(); defer d.mu.Unlock(); return d.reads }
func (d *database) service() *bundleConfig { return &bundleConfig{db: d, masterKey: masterKey(1)} }

func (d *database) Query(ctx context.Context, sql string, args ...any) (store.Rows, error) {
	d.mu.Lock()
	d.reads++
	err := d.err
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return d.Store.Reader().Query(ctx, sql, args...)
}

type bundleConfig struct {
	db        *database
	masterKey string
}

func (b *bundleConfig) with(masterKey string) *bundleConfig {
	b.masterKey = masterKey
	return b
}

func (b *bundleConfig) open(t testing.TB) *tenant.Service {
	t.Helper()
	keyring, err := secret.ParseKeyring(b.masterKey)
	if err != nil {
		t.Fatal(err)
	}
	applier := store.NewApplier(b.db.Store)
	audit.Register(applier)
	s, err := tenant.New(tenant.Config{Store: b.db, Keyring: keyring, Applier: applier})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func masterKey(fill byte) string {
	return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, secret.KeySize))
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, test func(t *testing.T, db *database)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, "sqlite:"+filepath.Join(t.TempDir(), "afara.db")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, open(t, testserver.Postgres(t)))
	})
}

func open(t testing.TB, url string) *database {
	t.Helper()
	c := testclock.New(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
	s, err := store.Open(t.Context(), store.Config{URL: url, Synchronous: "NORMAL"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &database{Store: s, clock: c}
}

func sandbox(t testing.TB, s *tenant.Service, name string) tenant.Environment {
	t.Helper()
	o, err := s.CreateOrganisation(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	e, err := s.CreateEnvironment(t.Context(), tenant.NewEnvironment{
		Organisation: o.ID, Kind: domain.Sandbox, Mode: domain.ModeSI, AllowHTTP: true, AllowLoopback: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func key(t testing.TB, s *tenant.Service, env domain.EnvironmentID, scopes ...domain.Scope) (string, tenant.Key) {
	t.Helper()
	shown, k, err := s.CreateKey(t.Context(), env, scopes, "for a test")
	if err != nil {
		t.Fatal(err)
	}
	return shown, k
}
