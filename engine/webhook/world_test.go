package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/engine/webhook"
	"github.com/afara-dev/afara/schemas"
)

const (
	connection = domain.ConnectionID("con_01J00000000000000000000000")
	several    = domain.ConnectionID("con_01J00000000000000000000001") // of a connector with several kinds
)

// world is the webhooks of two connections over a real database. The connector is
// a script and the clock the test's.
type world struct {
	*testing.T
	clock *testclock.Clock
	store *store.Store

	mu       sync.Mutex
	ready    bool
	needed   int
	disabled bool
	gone     bool
	answer   func(domain.Webhook) domain.WebhookOutcome
	asked    []domain.Webhook
	news     []domain.WorkNews
	followed []webhook.Event
	observed []webhook.Observation
}

func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, clock: testclock.New(time.Now().UTC().Truncate(time.Second)), ready: true}
			w.store = open(t, func(c *store.Config) { c.Now, c.Migrations = w.clock.Now, nil })
			test(w)
		})
	}
}

// partNote is what follows an event in these tests: a lease, which can be taken
// once.
type partNote string

func (partNote) PartOf() domain.PartKind { return "test_note" }

// service is the webhooks of one node.
func (w *world) service(change ...func(*webhook.Config)) *webhook.Service {
	w.Helper()
	keyring, err := secret.ParseKeyring("k1:" + strings.Repeat("QUFB", 10) + "QUE=")
	w.must(err)
	applier := store.NewApplier(w.store)
	applier.Expand(domain.PartWorkNews, func(_ context.Context, p domain.Part, _ bool) ([]domain.Part, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.news = append(w.news, p.(domain.WorkNews))
		return nil, nil
	})
	cfg := webhook.Config{
		Store: w.store, Applier: applier, Connections: w, Connectors: w, Sealer: keyring, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Observe: func(o webhook.Observation) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.observed = append(w.observed, o)
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := webhook.New(cfg)
	w.must(err)
	applier.Register("test_note", func(p domain.Part) ([]store.Statement, error) {
		return []store.Statement{{SQL: `INSERT INTO lease (name, owner, lease_until) VALUES ($1, 'test', 0)`, Args: []any{string(p.(partNote))}, Rows: 1}}, nil
	})
	return s
}

func (w *world) WebhookConnection(_ context.Context, id domain.ConnectionID) (webhook.Connection, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := webhook.Connection{
		Ref:         domain.ConnectionRef{ID: id, Version: 1, Connector: "one", Environment: domain.Sandbox},
		Environment: "env_a", Enabled: !w.disabled,
	}
	if id == several {
		c.Ref.Connector = "many"
	}
	if id != several && id != connection || w.gone {
		return webhook.Connection{}, store.ErrNotFound
	}
	return c, nil
}

func (w *world) Manifest(connector string, _ domain.EnvironmentKind) (*schemas.Manifest, bool) {
	kinds := []schemas.WebhookKind{{Name: "told"}}
	if connector == "many" {
		kinds = append(kinds, schemas.WebhookKind{Name: "paid"})
	}
	return &schemas.Manifest{Name: connector, Webhooks: kinds}, true
}

func (w *world) Ready(string, domain.EnvironmentKind) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ready
}

func (w *world) Need(string, domain.EnvironmentKind) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.needed++
}

// HandleWebhook answers as the test says, else believes what begins with
// "genuine" and a key, and tells of a reference of that name.
func (w *world) HandleWebhook(_ context.Context, in domain.Webhook) domain.WebhookOutcome {
	w.mu.Lock()
	w.asked = append(w.asked, in)
	answer := w.answer
	w.mu.Unlock()
	if answer != nil {
		return answer(in)
	}
	key, genuine := strings.CutPrefix(string(in.Body), "genuine ")
	if !genuine {
		return fails(domain.ClassUnauthorized, "signature_refused")
	}
	key, _, _ = strings.Cut(key, " ")
	return verified(key, domain.WebhookEvent{Type: "thing.told", Reference: key, Data: json.RawMessage(`{"canary":"CANARY"}`), OccurredAt: in.ReceivedAt})
}

func verified(key string, events ...domain.WebhookEvent) domain.WebhookOutcome {
	return domain.WebhookOutcome{Class: domain.ClassResult, DedupeKey: key, Events: events, Reply: domain.WebhookReply{
		Status: 202, Header: http.Header{"X-Vendor": {"thanks"}}, Body: []byte("took " + key),
	}}
}

func fails(class domain.Class, code string) domain.WebhookOutcome {
	return domain.WebhookOutcome{Class: class, Error: &domain.ConnectorError{Class: class, Code: code, Message: "so it is"}}
}

// answers makes the connector answer so from now on; nil as it would by itself.
func (w *world) answers(f func(domain.Webhook) domain.WebhookOutcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = f
}

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *world) calls() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

func request(body string, headers ...string) webhook.Request {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return webhook.Request{Method: "POST", Path: "/hook", Header: h, Body: []byte(body)}
}

func knock() webhook.Knock {
	return webhook.Knock{Connector: "one", Connection: string(connection), Address: "192.0.2.1"}
}

// push sends one request and says what was answered: the reply's body, or the
// code of the refusal.
func (w *world) push(s *webhook.Service, r webhook.Request) string {
	w.Helper()
	visit, err := s.Enter(w.Context(), knock())
	if err == nil {
		defer visit.Leave()
		var reply domain.WebhookReply
		if reply, err = visit.Receive(w.Context(), r); err == nil {
			if reply.Status != 202 || reply.Header.Get("X-Vendor") != "thanks" {
				w.Errorf("reply %+v", reply)
			}
			return string(reply.Body)
		}
	}
	var refused *domain.Error
	if !errors.As(err, &refused) {
		w.Fatal(err)
	}
	return refused.Code
}

func (w *world) want(s *webhook.Service, answer string, r webhook.Request) {
	w.Helper()
	if got := w.push(s, r); got != answer {
		w.Fatalf("answered %q, want %q", got, answer)
	}
}

// received lists what came, the newest first.
func (w *world) received(s *webhook.Service, state webhook.State) []webhook.Received {
	w.Helper()
	list, err := s.Received(w.Context(), connection, webhook.Filter{State: state, Limit: 1000})
	w.must(err)
	return list
}

// wantStates fails unless there are so many requests in each state.
func (w *world) wantStates(s *webhook.Service, unverified, verified, refused, duplicate int) {
	w.Helper()
	for state, want := range map[webhook.State]int{
		webhook.StateUnverified: unverified, webhook.StateVerified: verified, webhook.StateRefused: refused, webhook.StateDuplicate: duplicate,
	} {
		if got := len(w.received(s, state)); got != want {
			w.Errorf("%d %s, want %d", got, state, want)
		}
	}
}

func (w *world) count(sql string, args ...any) (n int64) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), sql, args...)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		w.must(rows.Scan(&n))
	}
	w.must(rows.Err())
	return n
}

// stored is all text that the tables hold.
func (w *world) stored() string {
	w.Helper()
	var all strings.Builder
	for _, sql := range []string{
		`SELECT id || digest || content || dedupe_key || reply || error_class || error_code FROM webhook_request`,
		`SELECT type || reference || data FROM webhook_event`,
	} {
		rows, err := w.store.Reader().Query(w.Context(), sql)
		w.must(err)
		for rows.Next() {
			var text string
			w.must(rows.Scan(&text))
			all.WriteString(text + "\n")
		}
		w.must(rows.Err())
		rows.Close()
	}
	return all.String()
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
