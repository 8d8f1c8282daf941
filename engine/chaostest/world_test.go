//go:build linux

package chaostest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/tenant"
	firs "github.com/afara-dev/afara/plugins/firs/simulator"
)

// backend is a database and a bus.
type backend struct {
	name            string
	postgres, redis bool
}

var (
	embedded      = backend{name: "embedded"}
	sqliteRedis   = backend{name: "sqlite+redis", redis: true}
	postgresRedis = backend{name: "postgres+redis", postgres: true, redis: true}
)

// usual is the rate of the engine's clock: settlesAfter takes seconds, and a
// heartbeat may still be late by a second of real time.
const usual = 10

// world is a database, a bus, an authority, a receiver of callbacks and an
// integrator with a key. The engine's processes come and go.
type world struct {
	t         *testing.T
	name      string
	dir       string
	pace      failpoint.Pace
	database  string
	args      []string
	env       []string // of the nodes, beside what all have
	redis     *testserver.RedisServer
	authority *firs.Simulator
	receiver  *receiver
	key       string
	extra     map[string]map[string]any // by key: what its invoices say beside the sample

	kills   int
	nodes   int
	posting sync.WaitGroup // the callers

	mu       sync.Mutex
	url      string
	accepted map[string]string // number -> invoice id
}

// newWorld makes a world in which no engine runs yet. database is empty for
// one of the backend's own.
func newWorld(t *testing.T, b backend, rate int, database string) *world {
	t.Helper()
	w := bareWorld(t, b, rate, database)
	w.authority = firs.New(firs.Options{NoDuplicateGuard: true, Latency: 5 * time.Millisecond})
	authority := httptest.NewServer(w.authority)
	t.Cleanup(func() { _ = w.authority.Close(); authority.Close() })
	w.provision(authority.URL)
	return w
}

// bareWorld has neither an authority nor an integrator.
func bareWorld(t *testing.T, b backend, rate int, database string) *world {
	t.Helper()
	// Not t.TempDir: connectors' sockets need a short path.
	dir, err := os.MkdirTemp("", "chw")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w := &world{
		t: t, name: b.name, dir: dir, database: database, accepted: map[string]string{}, extra: map[string]map[string]any{},
		pace: failpoint.Pace{Anchor: time.Now(), Rate: rate},
	}
	t.Cleanup(w.posting.Wait)
	w.receiver = newReceiver(t, w.pace.Now)
	w.configure(b)
	return w
}

func (w *world) configure(b backend) {
	w.t.Helper()
	if w.database == "" && b.postgres {
		w.database = testserver.Postgres(w.t)
	}
	if w.database == "" {
		w.database = "sqlite:" + filepath.Join(w.dir, "afara.db")
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails
	w.args = []string{
		"--listen", "127.0.0.1:0", "--data-dir", w.dir, "--database-url", w.database, "--plugin-dirs", built.plugins,
		"--master-key", base64.StdEncoding.EncodeToString(key[:]),
		// By the engine's clock: five real seconds.
		"--callback-timeout-ms", strconv.Itoa(5000 * w.pace.Rate),
	}
	if b.redis {
		w.redis = testserver.Redis(w.t, "--appendonly", "yes", "--appendfsync", "always")
		w.args = append(w.args, "--redis-url", w.redis.URL)
	}
}

// provision makes an organisation with a sandbox, a connection to the
// authority and a key, as the command line does it: without a running engine.
func (w *world) provision(authority string) {
	w.t.Helper()
	w.offline(func(e *engine.Engine) {
		env, key := w.environment(e, "Adebayo Stores")
		w.key = key
		business, err := w.authority.Provision(firs.Provision{Name: "Adebayo Stores", TIN: "12345678-0001", Email: "tax@adebayo.example"})
		must(w.t, err)
		_, err = e.Registry.Put(w.t.Context(), registry.NewConnection{
			Environment: env, Kind: domain.Sandbox, Connector: "firs", Enabled: true, Settings: firsSettings(w.t, business, authority),
		})
		must(w.t, err)
	})
}

// offline lends the engine's services over the world's database.
func (w *world) offline(use func(*engine.Engine)) {
	w.t.Helper()
	settings, err := config.Load(w.args, func(string) (string, bool) { return "", false })
	must(w.t, err)
	e, err := engine.New(w.t.Context(), engine.Config{
		Settings: settings, Log: slog.New(slog.DiscardHandler), Version: "chaos", Now: w.pace.Now, RunDir: filepath.Join(w.dir, "p"),
	})
	must(w.t, err)
	use(e)
	must(w.t, e.Host.Close(w.t.Context()))
	must(w.t, e.Close())
}

func (w *world) environment(e *engine.Engine, name string) (domain.EnvironmentID, string) {
	w.t.Helper()
	org, err := e.Tenants.CreateOrganisation(w.t.Context(), name)
	must(w.t, err)
	env, err := e.Tenants.CreateEnvironment(w.t.Context(), tenant.NewEnvironment{
		Organisation: org.ID, Kind: domain.Sandbox, Mode: domain.ModeSI, AllowHTTP: true, AllowLoopback: true,
	})
	must(w.t, err)
	key, _, err := e.Tenants.CreateKey(w.t.Context(), env.ID, []domain.Scope{domain.ScopeWrite, domain.ScopeOps}, "test")
	must(w.t, err)
	secrets, err := e.Tenants.SigningSecrets(w.t.Context(), env.ID)
	must(w.t, err)
	w.receiver.secrets = append(w.receiver.secrets, secrets...)
	return env.ID, key
}

func firsSettings(t *testing.T, b firs.Business, url string) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"baseUrl": url, "apiKey": b.APIKey, "apiSecret": b.APISecret, "businessId": b.BusinessID, "serviceId": b.ServiceID,
		"publicKey": b.PublicKey, "certificate": b.Certificate,
		"supplier": map[string]any{
			"party_name": b.Name, "tin": b.TIN, "email": b.Email,
			"postal_address": map[string]string{"street_name": "1 Marina", "city_name": "Lagos", "country": "NG"},
		},
	})
	must(t, err)
	return raw
}

// start runs an engine of the world, which dies at the fail point, if any. New
// requests go to it.
func (w *world) start(point string) *node {
	w.t.Helper()
	w.nodes++
	log := filepath.Join(w.dir, fmt.Sprintf("node%d.log", w.nodes))
	env := []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + w.dir, "AFARA_CLOCK=" + w.pace.String()}
	env = append(env, w.env...)
	if point != "" {
		env = append(env, "AFARA_FAILPOINT="+point)
	}
	n := startProgram(w.t, built.node, log, w.args, env)
	w.t.Cleanup(func() {
		n.kill()
		if w.t.Failed() {
			w.t.Logf("end of %s:\n%s", filepath.Base(log), tail(log))
		}
	})
	w.goTo(n.url)
	return n
}

func (w *world) goTo(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.url = url
}

func (w *world) address() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.url
}

// eventually waits until a condition holds.
func (w *world) eventually(limit time.Duration, what string, holds func() bool) {
	w.t.Helper()
	if !within(limit, holds) {
		w.t.Fatalf("never within %s: %s\n%s", limit, what, w.picture())
	}
}

func within(limit time.Duration, holds func() bool) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			return holds()
		case <-tick.C:
		}
	}
	return true
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
