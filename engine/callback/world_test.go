package callback_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// world is the service over a real database, with a clock of its own. Nothing
// runs by itself: turn does what a node would do next.
type world struct {
	*testing.T
	clock   *testclock.Clock
	store   *store.Store
	applier *store.Applier
	service *callback.Service
	env     domain.Environment
	another *store.Applier // of another node
}

// applierOfAnother is the applier of a second node on the same database.
func (w *world) applierOfAnother() *store.Applier {
	w.another = store.NewApplier(w.store)
	audit.Register(w.another)
	return w.another
}

func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, clock: testclock.New(time.Now().UTC().Truncate(time.Second)), env: domain.Environment{
				ID: domain.NewID[domain.EnvironmentID](domain.PrefixEnvironment), Organisation: domain.NewID[domain.OrganisationID](domain.PrefixOrganisation),
				Kind: domain.Sandbox,
			}}
			w.store = open(t, func(c *store.Config) { c.Now, c.Migrations = w.clock.Now, nil })
			w.node()
			test(w)
		})
	}
}

// node makes the service anew, as a node that has just started: it remembers
// nothing.
func (w *world) node() {
	w.Helper()
	w.applier = store.NewApplier(w.store)
	w.service = newService(w.T, w.store, w.applier, w.clock.Now)
	audit.Register(w.applier)
}

func newService(t *testing.T, s *store.Store, a *store.Applier, now func() time.Time) *callback.Service {
	t.Helper()
	sender, err := callback.NewSender(callback.SenderConfig{Guard: guard(t, callback.GuardConfig{}), Now: now})
	must(t, err)
	service, err := callback.New(callback.Config{
		Store: s, Applier: a, Environments: here{}, Sealer: keyring(t), Sender: sender, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	must(t, err)
	return service
}

// sealKey is one for all worlds of a run: a service made anew opens what the one
// before has sealed.
var sealKey = sync.OnceValue(func() string {
	var key [32]byte
	_, _ = rand.Read(key[:])
	return base64.StdEncoding.EncodeToString(key[:])
})

func keyring(t *testing.T) *secret.Keyring {
	t.Helper()
	k, err := secret.ParseKeyring(sealKey())
	must(t, err)
	return k
}

// here is an environment that may call this machine.
type here struct{}

func (here) Signing(context.Context, domain.EnvironmentID) ([]string, callback.Policy, error) {
	return []string{testSecret}, local(), nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// endpoint registers a receiver; the secret is the one of its answer.
func (w *world) endpoint(url string, change ...func(*callback.EndpointPatch)) (id domain.EndpointID, shown string) {
	w.Helper()
	events := []string{"*"}
	p := callback.EndpointPatch{URL: &url, Events: &events}
	for _, c := range change {
		c(&p)
	}
	draft, err := w.service.CreateEndpoint(w.Context(), w.env, p, "tester")
	must(w.T, err)
	must(w.T, w.applier.Apply(w.Context(), domain.Change{Parts: draft.Parts}))
	draft.Committed()
	var answer struct {
		Data struct {
			ID     domain.EndpointID
			Secret string
		}
	}
	must(w.T, json.Unmarshal(draft.Answer, &answer))
	return answer.Data.ID, answer.Data.Secret
}

// tell stores an event of a resource.
func (w *world) tell(kind, resource string, change ...func(*domain.Event)) domain.EventID {
	w.Helper()
	e := domain.Event{
		ID: domain.NewID[domain.EventID](domain.PrefixEvent), Environment: w.env.ID, Organisation: w.env.Organisation,
		Type: kind, Resource: resource, Data: []byte(`{}`), OccurredAt: w.clock.Now(),
	}
	for _, c := range change {
		c(&e)
	}
	must(w.T, w.applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{e}}))
	return e.ID
}

// turn makes every attempt that is due, at once, and answers how many rows were
// claimed.
func (w *world) turn() int {
	w.Helper()
	_, err := w.store.Pick(w.Context(), store.PickRequest{
		Streams: map[string]store.StreamRoom{domain.CallbackStream: {Incarnation: "one", Room: 10_000}}, Lost: true, Stale: -time.Second,
	})
	must(w.T, err)
	return w.walk(w.works())
}

// walk claims rows and makes their attempts, all at once.
func (w *world) walk(ids []domain.WorkID) int {
	w.Helper()
	rows, err := w.store.Claim(w.Context(), "node_1", w.service.Lease(), ids)
	must(w.T, err)
	items, err := w.service.Load(w.Context(), rows)
	must(w.T, err)
	var group sync.WaitGroup
	for _, d := range items {
		group.Go(func() { w.service.Deliver(w.Context(), d) })
	}
	group.Wait()
	return len(items)
}

// drain takes turns until nothing is due.
func (w *world) drain() {
	w.Helper()
	for w.turn() > 0 {
	}
}

func (w *world) works() []domain.WorkID {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT id FROM work`)
	must(w.T, err)
	defer rows.Close()
	var ids []domain.WorkID
	for rows.Next() {
		var id domain.WorkID
		must(w.T, rows.Scan(&id))
		ids = append(ids, id)
	}
	must(w.T, rows.Err())
	return ids
}

// deliveries lists the world's deliveries, oldest first.
func (w *world) deliveries(f callback.DeliveryFilter) []callback.DeliveryRecord {
	w.Helper()
	f.Oldest, f.Limit = true, 10_000
	list, err := w.service.Deliveries(w.Context(), w.env.ID, f)
	must(w.T, err)
	return list
}

// hook is a receiver that answers as it is told and remembers what came.
type hook struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	header http.Header
	got    []request
}

type request struct {
	path   string
	header http.Header
	body   []byte
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{status: http.StatusOK, header: http.Header{}}
	h.Server = receiver(t, h.serve)
	return h
}

func (h *hook) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	if err == nil {
		h.got = append(h.got, request{path: r.URL.Path, header: r.Header.Clone(), body: body})
	}
	for name, values := range h.header {
		w.Header()[name] = values
	}
	w.WriteHeader(h.status)
}

func (h *hook) answer(status int, header ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status, h.header = status, http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.header.Set(header[i], header[i+1])
	}
}

func (h *hook) requests() []request {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]request{}, h.got...)
}

// told lists the sequences that came for a resource, in their order. Bodies are
// in the format afara.
func (h *hook) told() (events []string, sequences []int) {
	for _, r := range h.requests() {
		var body struct {
			EventID  string
			Sequence int
		}
		_ = json.Unmarshal(r.body, &body)
		events, sequences = append(events, body.EventID), append(sequences, body.Sequence)
	}
	return events, sequences
}

func set[T any](v T) *T { return &v }

func wantCode(t *testing.T, err error, code string) *domain.Error {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("%v, want %s", err, code)
	}
	return e
}
