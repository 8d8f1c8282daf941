package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/tenant"
	firs "github.com/afara-dev/afara/plugins/firs/simulator"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/webhook"
)

// plugins is where TestMain puts the built connectors.
var plugins string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "afara-plugins")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		plugins = dir
		for _, name := range []string{"firs", "echo", "mtn", "orange", "moov", "airtel"} {
			if err := build(dir, name); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		return m.Run()
	}())
}

// client is the tests' own: a server of httptest that closes breaks off requests
// of Go's default one, whoever made them.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

// build makes an installed connector of a plugin's folder.
func build(dir, name string) error {
	into := filepath.Join(dir, name)
	if err := os.MkdirAll(into, 0o755); err != nil {
		return err
	}
	out, err := exec.Command("go", "build", "-o", filepath.Join(into, name), "../plugins/"+name).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build %s: %w\n%s", name, err, out)
	}
	manifest, err := os.ReadFile(filepath.Join("..", "plugins", name, "manifest.json"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(into, "manifest.json"), manifest, 0o644)
}

// world is a running engine with the authority, a receiver of callbacks, and
// an integrator who holds a key.
type world struct {
	t         *testing.T
	engine    *engine.Engine
	url       string
	authority *firs.Simulator
	// authorityURL is where the connector finds it.
	authorityURL string
	receiver     *receiver
	env          domain.EnvironmentID
	key          string
	secret       string
	stop         func()
	settings     *config.Config
	// pushed says that vendors can reach the engine.
	pushed bool
}

// start runs an engine on the embedded default, with changes to its settings.
func start(t *testing.T, change ...func(*config.Config)) *world {
	t.Helper()
	w := &world{t: t, authority: firs.New(firs.Options{}), receiver: newReceiver(t)}
	authority := httptest.NewServer(w.authority)
	t.Cleanup(func() { _ = w.authority.Close(); authority.Close() })
	dir := t.TempDir()
	w.settings = settings(t, dir)
	for _, c := range change {
		c(w.settings)
	}
	w.run()
	w.provision(authority.URL)
	return w
}

func settings(t *testing.T, dir string) *config.Config {
	t.Helper()
	s, err := config.Load([]string{
		"--data-dir", dir, "--database-url", "sqlite:" + filepath.Join(dir, "afara.db"), "--plugin-dirs", plugins,
	}, func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) run() {
	w.t.Helper()
	level := slog.LevelWarn
	if testing.Verbose() {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: level}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	if w.pushed {
		w.settings.PublicURL = "http://" + l.Addr().String()
	}
	e, err := engine.New(w.t.Context(), engine.Config{Settings: w.settings, Log: log, Version: "test", RunDir: w.t.TempDir()})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx, l) }()
	w.engine, w.url = e, "http://"+l.Addr().String()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("run: %v", err)
		}
	})
	w.t.Cleanup(w.stop)
}

// provision makes an organisation with a sandbox, a connection to the
// authority and a key.
func (w *world) provision(authority string) {
	w.t.Helper()
	ctx := w.t.Context()
	org, err := w.engine.Tenants.CreateOrganisation(ctx, "Adebayo Stores")
	must(w.t, err)
	env, err := w.engine.Tenants.CreateEnvironment(ctx, tenant.NewEnvironment{
		Organisation: org.ID, Kind: domain.Sandbox, Mode: domain.ModeSI, AllowHTTP: true, AllowLoopback: true,
	})
	must(w.t, err)
	w.env = env.ID
	w.key, _, err = w.engine.Tenants.CreateKey(ctx, env.ID, []domain.Scope{domain.ScopeWrite, domain.ScopeOps}, "test")
	must(w.t, err)
	secrets, err := w.engine.Tenants.SigningSecrets(ctx, env.ID)
	must(w.t, err)
	w.secret = secrets[0]
	w.receiver.secrets = secrets
	business, err := w.authority.Provision(firs.Provision{Name: "Adebayo Stores", TIN: "12345678-0001", Email: "tax@adebayo.example"})
	must(w.t, err)
	w.authorityURL = authority
	w.connect(business)
}

// connect puts the connection to the authority.
func (w *world) connect(business firs.Business) {
	w.t.Helper()
	_, err := w.engine.Registry.Put(w.t.Context(), registry.NewConnection{
		Environment: w.env, Kind: domain.Sandbox, Connector: "firs", Enabled: true, Settings: firsSettings(w.t, business, w.authorityURL),
	})
	must(w.t, err)
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

// invoice is a valid submission with the given number and callback.
func (w *world) invoice(number string) map[string]any {
	var inv map[string]any
	must(w.t, json.Unmarshal(schemas.Sample(number, time.Now().UTC().Format("2006-01-02")), &inv))
	inv["callback_url"] = w.receiver.URL
	return inv
}

// call makes an API call and decodes a JSON answer into out, if given.
func (w *world) call(method, path string, body any, out any) (status int) {
	w.t.Helper()
	var reader io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		must(w.t, err)
		reader = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, reader)
	must(w.t, err)
	req.Header.Set("Authorization", "Bearer "+w.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	must(w.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(w.t, err)
	if out != nil {
		if err := json.Unmarshal(raw, out); err != nil {
			w.t.Fatalf("%s %s: %d %s: %v", method, path, resp.StatusCode, raw, err)
		}
	}
	if resp.StatusCode >= 400 {
		w.t.Logf("%s %s: %d %s", method, path, resp.StatusCode, raw)
	}
	return resp.StatusCode
}

// answer is the part of an invoice's answer that tests look at.
type answer struct {
	ID         string           `json:"id"`
	Status     string           `json:"status"`
	HeldReason *string          `json:"heldReason"`
	MessageID  string           `json:"messageId"`
	IRN        *string          `json:"irn"`
	QR         *string          `json:"qrCodeData"`
	Original   *string          `json:"originalInvoiceId"`
	Attempts   []map[string]any `json:"attempts"`
	Errors     []map[string]any `json:"errors"`
	Invoice    map[string]any   `json:"invoice"`
	Code       string           `json:"code"`
}

// receiver takes callbacks, verifies them and remembers them.
type receiver struct {
	*httptest.Server
	secrets []string
	events  chan event
	// status answers the n-th request, 200 when nil.
	status func(n int) int

	mu sync.Mutex
	n  int
}

type event struct {
	ID       string         `json:"eventId"`
	Type     string         `json:"event"`
	Sequence int64          `json:"sequence"`
	Data     map[string]any `json:"data"`
	invalid  error
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{events: make(chan event, 10_000)}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	var e event
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err == nil {
		err = webhook.Verify(r.secrets, req.Header, body, time.Now(), webhook.DefaultTolerance)
	}
	if err == nil {
		err = webhook.VerifyBody(r.secrets, req.Header.Get("x-signature"), body)
	}
	if err == nil {
		err = schemas.Validate(schemaOf(e.Type), body) // nothing leaves that is not what the catalogue says
	}
	e.invalid = err
	r.mu.Lock()
	r.n++
	status := http.StatusOK
	if r.status != nil {
		status = r.status(r.n)
	}
	r.mu.Unlock()
	w.WriteHeader(status)
	r.events <- e
}

// schemaOf is the schema of an event of a type; test callbacks are of none.
func schemaOf(kind string) schemas.ID {
	if schemas.IsEventType(kind) {
		return schemas.EventType(kind)
	}
	return schemas.EventV1
}

// next waits for a callback.
func (r *receiver) next(t *testing.T) event {
	t.Helper()
	select {
	case e := <-r.events:
		if e.invalid != nil {
			t.Fatalf("callback %s: %v", e.ID, e.invalid)
		}
		return e
	case <-time.After(30 * time.Second):
		t.Fatal("no callback came")
		return event{}
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
