package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/fleet"
	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/engine/ledger"
	operations "github.com/afara-dev/afara/engine/operation"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/pull"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/telemetry"
	"github.com/afara-dev/afara/engine/tenant"
	webhooks "github.com/afara-dev/afara/engine/webhook"
	"github.com/afara-dev/afara/schemas"
)

// world is the API over real services and a real database. Only the connector
// and the bus are stand-ins, and the clock is the test's.
type world struct {
	t        testing.TB
	clock    *testclock.Clock
	store    *store.Store
	applier  *store.Applier
	tenants  *tenant.Service
	registry *registry.Service
	pulls    *pull.Service
	pipeline *pipeline.Pipeline
	payments *payment.Service
	ledger   *ledger.Service
	callback *callback.Service
	policy   atomic.Pointer[callback.Policy] // of every environment
	host     *host
	bus      *pinger
	database *pinger
	logs     *logs
	handler  http.Handler
	contract *contract
	// ours is the caller of most tests, theirs another tenant.
	ours, theirs caller
}

// caller is one environment with its keys.
type caller struct {
	environment           domain.Environment
	connection            domain.ConnectionID
	read, write, ops, all string
}

// option changes the wiring of a world.
type option func(*httpapi.Config, *ingest.Config)

func newWorld(t testing.TB, options ...option) *world {
	t.Helper()
	return newWorldOn(t, "sqlite:"+filepath.Join(t.TempDir(), "afara.db"), options...)
}

// newWorldOn is newWorld on the database at url.
func newWorldOn(t testing.TB, url string, options ...option) *world {
	t.Helper()
	w := &world{
		t: t, clock: testclock.New(time.Date(2025, 8, 5, 12, 0, 0, 0, time.UTC)),
		host: newHost(), bus: &pinger{}, database: &pinger{}, logs: &logs{}, contract: theContract(t),
	}
	w.host.phones = newPhones(t, w.clock.Now)
	var err error
	w.store, err = store.Open(t.Context(), store.Config{URL: url, Now: w.clock.Now})
	must(t, err)
	t.Cleanup(func() { _ = w.store.Close() })
	w.wire(options)
	w.ours, w.theirs = w.tenant("Ours", domain.Sandbox), w.tenant("Theirs", domain.Sandbox)
	return w
}

// wire makes the services in the order of engine.New.
func (w *world) wire(options []option) {
	t := w.t
	log := slog.New(slog.NewTextHandler(w.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	keyring, err := secret.ParseKeyring("k1:" + strings.Repeat("QUFB", 10) + "QUE=")
	must(t, err)
	applier := store.NewApplier(w.store)
	w.applier = applier
	w.tenants, err = tenant.New(tenant.Config{Store: w.store, Keyring: keyring, Applier: applier})
	must(t, err)
	door := ingest.Config{Store: w.store, Applier: applier, Sealer: keyring}
	cfg := httpapi.Config{
		Keys: w.tenants, Signing: w.tenants, Connectors: w.host, Store: w.database, Bus: w.bus,
		Log: log, Metrics: telemetry.New(), Now: w.clock.Now,
	}
	for _, o := range options {
		o(&cfg, &door)
	}
	cfg.Ingest, err = ingest.New(door)
	must(t, err)
	w.registry, err = registry.New(registry.Config{Store: w.store, Applier: applier, Keyring: keyring, Manifests: w.host, Log: log, Gone: []func(domain.ConnectionID, time.Time) domain.Part{pull.Gone, corridor.Gone}})
	must(t, err)
	cfg.Connections = w.registry
	cfg.Corridors, err = corridor.New(corridor.Config{Store: w.store, Applier: applier, Connections: carriers{w.registry}})
	must(t, err)
	corridor.Register(applier)
	w.pulls, err = pull.New(pull.Config{Store: w.store, Applier: applier, Connectors: w.host, Connections: pulled{w.registry}, Node: "node_api", Log: log, Look: 5 * time.Millisecond})
	must(t, err)
	cfg.Pulls = w.pulls
	pull.Register(applier)
	cfg.Operations, err = operations.New(operations.Config{Store: w.store, Connectors: w.host, Connections: w.registry, Sealer: keyring, Log: log})
	must(t, err)
	cfg.Invoices, err = invoice.New(invoice.Config{Store: w.store, Applier: applier, Connections: connections{w.registry}, Documents: cfg.Ingest})
	must(t, err)
	cfg.Ledger, err = ledger.New(ledger.Config{Store: w.store, Node: "node_1", Log: log, Corridors: cfg.Corridors})
	must(t, err)
	w.ledger = cfg.Ledger
	cfg.Payments, err = payment.New(payment.Config{
		Store: w.store, Applier: applier, Corridors: cfg.Corridors, Ledger: cfg.Ledger, Connections: payers{w.registry}, Bills: cfg.Invoices,
		Follow: map[string]func(domain.Receipt) []domain.Part{
			schemas.EventPaymentCompleted: cfg.Invoices.Collected, schemas.EventPaymentRefunded: cfg.Invoices.Returned,
		},
	})
	must(t, err)
	w.payments = cfg.Payments
	w.pipeline, err = pipeline.New(pipeline.Config{
		Store: w.store, Applier: applier, Connectors: w.host, Connections: w.registry, Documents: cfg.Ingest,
		Flows: []domain.Flow{cfg.Invoices.Flow(), cfg.Invoices.SettleFlow(), cfg.Invoices.WriteBackFlow(), cfg.Payments.Flow(), cfg.Payments.ConfirmFlow()}, Log: log,
	})
	must(t, err)
	cfg.Pipeline = w.pipeline
	guard, err := callback.NewGuard(callback.GuardConfig{})
	must(t, err)
	t.Cleanup(guard.Close)
	sender, err := callback.NewSender(callback.SenderConfig{Guard: guard, Now: w.clock.Now})
	must(t, err)
	w.policy.Store(&callback.Policy{AllowHTTP: true, AllowLoopback: true})
	w.callback, err = callback.New(callback.Config{Store: w.store, Applier: applier, Environments: signing{w}, Sealer: keyring, Sender: sender, Log: log})
	must(t, err)
	cfg.Callbacks, cfg.TestCallbacks = w.callback, tester{w.callback, w.tenants}
	cfg.Webhooks, err = webhooks.New(webhooks.Config{
		Store: w.store, Applier: applier, Connections: pushed{w.registry}, Connectors: w.host, Sealer: keyring, Log: log, PublicURL: "https://afara.example/",
	})
	must(t, err)
	audit.Register(applier)
	cfg.Audit, err = audit.New(w.store)
	must(t, err)
	ledger.Register(applier)
	cfg.Fleet, err = fleet.New(fleet.Config{Store: w.store, Applier: applier, Host: w.host, Users: nobody{}, Node: "node_1", Log: log})
	must(t, err)
	w.handler, err = httpapi.New(cfg)
	must(t, err)
}

// tenant makes an organisation with one environment, its keys and a connection.
func (w *world) tenant(name string, kind domain.EnvironmentKind) caller {
	w.t.Helper()
	ctx := w.t.Context()
	org, err := w.tenants.CreateOrganisation(ctx, name)
	must(w.t, err)
	env, err := w.tenants.CreateEnvironment(ctx, tenant.NewEnvironment{Organisation: org.ID, Kind: kind, Mode: domain.ModeSI})
	must(w.t, err)
	key := func(scopes ...domain.Scope) string {
		shown, _, err := w.tenants.CreateKey(ctx, env.ID, scopes, "test")
		must(w.t, err)
		return shown
	}
	c, err := w.registry.Put(ctx, registry.NewConnection{
		Environment: env.ID, Kind: kind, Connector: connectorName, Settings: json.RawMessage(`{"apiKey":"hunter2hunter2"}`), Enabled: true,
	})
	must(w.t, err)
	return caller{
		environment: env.Environment, connection: c.ID,
		read: key(domain.ScopeRead), write: key(domain.ScopeWrite), ops: key(domain.ScopeOps), all: key(domain.ScopeWrite, domain.ScopeOps),
	}
}

// connections tells invoices who registers them, as engine.New does.
type connections struct{ registry *registry.Service }

func (c connections) InvoiceConnection(ctx context.Context, env domain.EnvironmentID) (invoice.Connection, error) {
	found, err := c.registry.For(ctx, env, "invoice")
	if err != nil {
		return invoice.Connection{}, err
	}
	return invoice.Connection{ID: found.ID, Stream: found.Stream(), Defaults: seller(), ReferenceKey: referenceKey()}, nil
}

func (c connections) InvoiceStream(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (string, error) {
	found, err := c.registry.Connection(ctx, env, id)
	return found.Stream(), err
}

// TakesWriteBacks says so of any connection that is there.
func (c connections) TakesWriteBacks(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (bool, error) {
	if _, err := c.registry.Connection(ctx, env, id); errors.Is(err, registry.ErrConnectionNotFound) {
		return false, store.ErrNotFound
	} else if err != nil {
		return false, err
	}
	return true, nil
}

// payers tells payments what carries them, as engine.New does.
type payers struct{ registry *registry.Service }

func (p payers) PaymentConnection(ctx context.Context, _ domain.EnvironmentID, id domain.ConnectionID) (payment.Connection, error) {
	found, err := p.registry.Present(ctx, id)
	return payment.Connection{Stream: found.Stream()}, err
}

// carriers tells corridors which connections may carry payments, as engine.New
// does.
type carriers struct{ registry *registry.Service }

func (c carriers) Carriers(ctx context.Context, env domain.EnvironmentID) (out []corridor.Carrier, err error) {
	list, err := c.registry.List(ctx, env)
	for _, found := range list {
		var settings struct{ Country string }
		if err := json.Unmarshal(found.Settings, &settings); err != nil {
			return nil, err
		}
		out = append(out, corridor.Carrier{ID: found.ID, Connector: found.Connector, Enabled: found.Enabled, Country: settings.Country})
	}
	return out, err
}

// pushed tells webhooks whose they are, as engine.New does.
type pushed struct{ registry *registry.Service }

func (p pushed) WebhookConnection(ctx context.Context, id domain.ConnectionID) (webhooks.Connection, error) {
	c, err := p.registry.Present(ctx, id)
	return webhooks.Connection{Ref: c.Ref(), Environment: c.Environment, Enabled: c.Enabled}, err
}

func seller() invoice.Defaults {
	return invoice.Defaults{
		BusinessID: "6f1e4a52-8f0b-4d55-9a38-0d6a3c1d2b10",
		Supplier: &schemas.Party{
			PartyName: "Baobab Foods Limited", TIN: "12345678-0001", Email: "tax@baobabfoods.example",
			PostalAddress: &schemas.Address{StreetName: "5 Marina", CityName: "Lagos", Country: "NG"},
		},
	}
}

func referenceKey() schemas.ReferenceKey {
	return schemas.ReferenceKey{Strip: "-/. ", Case: "upper", Pattern: "^[A-Z0-9]+$", MaxLength: 32}
}

// signing tells callbacks how an environment signs and where it may call, as
// engine.New does.
type signing struct{ *world }

func (s signing) Signing(ctx context.Context, env domain.EnvironmentID) ([]string, callback.Policy, error) {
	secrets, err := s.tenants.SigningSecrets(ctx, env)
	return secrets, *s.policy.Load(), err
}

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call sends a request in process; headers come in pairs. Every answer is held
// to openapi.yaml.
func (w *world) call(key, method, target, body string, headers ...string) reply {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), method, target, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	out := reply{rec.Code, rec.Header(), rec.Body.Bytes()}
	w.contract.checkAnswer(w.t, method, r.URL.Path, out)
	return out
}

// within is call for a request that has until ctx ends.
func (w *world) within(ctx context.Context, key, method, target, body, idempotencyKey string) reply {
	w.t.Helper()
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Idempotency-Key", idempotencyKey)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	out := reply{rec.Code, rec.Header(), rec.Body.Bytes()}
	w.contract.checkAnswer(w.t, method, r.URL.Path, out)
	return out
}

// want calls and fails unless the status is as given; v takes the answer.
func (w *world) want(status int, v any, key, method, target, body string, headers ...string) reply {
	w.t.Helper()
	out := w.call(key, method, target, body, headers...)
	if out.status != status {
		w.t.Fatalf("%s %s: status %d, want %d: %s", method, target, out.status, status, out.body)
	}
	if v != nil {
		must(w.t, json.Unmarshal(out.body, v))
	}
	return out
}

// shown is what tests read of an invoice's answer.
type shown struct {
	ID         string
	Status     string
	HeldReason *string
	MessageID  domain.MessageID
	IRN        *string
	QRCodeData *string
	OriginalID *string `json:"originalInvoiceId"`
	Attempts   []struct {
		Stage   string
		Outcome *string
	}
	Invoice struct {
		InvoiceNumber string `json:"invoice_number"`
	}
}

// problem is what tests read of a problem document.
type problem struct {
	Type, Title, Detail, Instance, Code string
	Status                              int
	RequestID                           string
	Errors                              []domain.FieldError
	Scope                               string
	InvoiceID                           string
	SettlesAt                           string
}

// refused calls and fails unless the answer is that problem.
func (w *world) refused(status int, code, key, method, target, body string, headers ...string) problem {
	w.t.Helper()
	var p problem
	w.want(status, &p, key, method, target, body, headers...)
	if p.Code != code || p.Status != status {
		w.t.Fatalf("%s %s: problem %s (%d), want %s: %+v", method, target, p.Code, p.Status, code, p)
	}
	return p
}

// submitted posts the sample under a number and answers it.
func (w *world) submitted(number string) shown {
	w.t.Helper()
	var out shown
	w.want(http.StatusAccepted, &out, w.ours.write, "POST", "/si/invoices", w.submission(number))
	return out
}

func (w *world) submission(number string) string {
	return `{"invoice":` + string(schemas.Sample(number, w.clock.Now().Format(time.DateOnly))) + `}`
}

// signed posts an invoice and walks it to its end.
func (w *world) signed(number string) shown {
	w.t.Helper()
	s := w.submitted(number)
	w.walk(s.MessageID)
	return w.read(s.ID)
}

func (w *world) read(id string) (s shown) {
	w.t.Helper()
	w.want(http.StatusOK, &s, w.ours.read, "GET", "/si/invoices/"+id, "")
	return s
}

// held posts an invoice whose signing leaves a doubt that nobody can resolve.
func (w *world) held(number string) shown {
	w.t.Helper()
	w.host.script(schemas.OpInvoiceSign, domain.ClassUnknownOutcome)
	w.host.script(schemas.OpInvoiceLookup, domain.ClassInternal)
	s := w.submitted(number)
	w.walk(s.MessageID)
	if s = w.read(s.ID); s.HeldReason == nil {
		w.t.Fatalf("not held: %+v", s)
	}
	return s
}

// count runs a counting query.
func (w *world) count(sql string, args ...any) (n int64) {
	w.t.Helper()
	rows, err := w.store.Reader().Query(w.t.Context(), sql, args...)
	must(w.t, err)
	defer rows.Close()
	for rows.Next() {
		must(w.t, rows.Scan(&n))
	}
	must(w.t, rows.Err())
	return n
}

// pinger is a store or a bus that can go away.
type pinger struct {
	mu    sync.Mutex
	err   error
	asked int
}

func (p *pinger) Ping(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	return p.err
}

func (p *pinger) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// logs keeps what was logged.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
