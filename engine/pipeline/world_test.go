package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// world is a pipeline over a real database with a scripted connector and a
// clock of its own. Two workers share it as two nodes share a database.
type world struct {
	t        *testing.T
	clock    *testclock.Clock
	store    *store.Store
	applier  *store.Applier
	pipeline *pipeline.Pipeline
	vendor   *vendor
	flow     *flow
	paused   []domain.ConnectionID

	mu       sync.Mutex
	verdicts map[string]int // of all observations
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, open func(*testing.T) *world)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, func(t *testing.T) *world { return newWorld(t, "sqlite:"+filepath.Join(t.TempDir(), "afara.db")) })
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, func(t *testing.T) *world { return newWorld(t, testserver.Postgres(t)) })
	})
}

func newWorld(t *testing.T, url string) *world {
	t.Helper()
	w := &world{t: t, clock: testclock.New(time.Now().UTC().Truncate(time.Millisecond)), vendor: newVendor(), flow: &flow{}, verdicts: map[string]int{}}
	var err error
	w.store, err = store.Open(t.Context(), store.Config{URL: url, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { _ = w.store.Close() })
	w.applier = store.NewApplier(w.store)
	documents, err := ingest.New(ingest.Config{Store: w.store, Applier: w.applier})
	must(t, err)
	w.applier.Register("test_end", writeEnd)
	w.pipeline, err = pipeline.New(pipeline.Config{
		Store: w.store, Applier: w.applier, Connectors: w.vendor, Connections: w, Documents: documents,
		Flows: []domain.Flow{w.flow, waiting{w.flow}}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Observe: w.observe,
	})
	must(t, err)
	audit.Register(w.applier)
	return w
}

func (w *world) observe(o pipeline.Observation) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.verdicts[o.Verdict]++
}

func (w *world) verdict(v string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.verdicts[v]
}

// Ref implements pipeline.Connections.
func (w *world) Ref(_ context.Context, id domain.ConnectionID) (domain.ConnectionRef, error) {
	return domain.ConnectionRef{ID: id, Version: 1, Connector: "scripted", Environment: domain.Sandbox}, nil
}

// Pause implements pipeline.Connections.
func (w *world) Pause(ctx context.Context, id domain.ConnectionID, e *domain.ConnectorError) error {
	w.paused = append(w.paused, id)
	return w.store.CloseGate(ctx, store.Gate{Key: string(id), ClosedUntil: w.clock.Now().Add(24 * 365 * time.Hour), Reason: string(e.Class)})
}

const env = domain.EnvironmentID("env_test")

// accept stores a message as intake does.
func (w *world) accept() domain.MessageID {
	w.t.Helper()
	return w.acceptAs("test")
}

func (w *world) acceptAs(flow string) domain.MessageID {
	w.t.Helper()
	body := []byte(`{"a":1}`)
	doc := domain.StoredDocument{
		ID: domain.NewID[domain.DocumentID](domain.PrefixDocument), Environment: env, CreatedAt: w.clock.Now(),
		Document: schemas.Restore("test", schemas.DigestOf(body), body),
	}
	id := domain.NewID[domain.MessageID](domain.PrefixMessage)
	must(w.t, w.applier.Apply(w.t.Context(), domain.Change{Parts: []domain.Part{
		doc,
		domain.Message{ID: id, Environment: env, Connection: "con_1", Flow: flow, FlowVersion: 1, Resource: "res_" + string(id), Document: doc.ID, Stage: "prepare", CreatedAt: w.clock.Now()},
		domain.Work{ID: domain.WorkID(id), Kind: domain.WorkMessage, Stream: "s", Environment: env, Connection: "con_1", Gate: "con_1", Stage: "prepare", DueAt: w.clock.Now(), FlowVersion: 1},
	}}))
	return id
}

// claim takes a message for a worker and loads it; nil when it cannot be had.
func (w *world) claim(worker domain.NodeID, id domain.MessageID) *pipeline.Run {
	w.t.Helper()
	rows, err := w.store.Claim(w.t.Context(), worker, 5*time.Minute, []domain.WorkID{domain.WorkID(id)})
	must(w.t, err)
	if len(rows) == 0 {
		return nil
	}
	runs, err := w.pipeline.Load(w.t.Context(), rows)
	must(w.t, err)
	return runs[domain.WorkID(id)]
}

// walk claims and walks once; it reports whether the message could be claimed.
func (w *world) walk(id domain.MessageID) bool {
	w.t.Helper()
	run := w.claim("node_1", id)
	if run == nil {
		return false
	}
	w.pipeline.Walk(w.t.Context(), run)
	return true
}

// toEnd walks whenever the message is due, moving the clock, until it settles
// or is held.
func (w *world) toEnd(id domain.MessageID) {
	w.t.Helper()
	for range 200 {
		work, held, err := w.store.WorkOf(w.t.Context(), domain.WorkID(id))
		if errors.Is(err, store.ErrNotFound) || held {
			return
		}
		must(w.t, err)
		if d := work.DueAt.Sub(w.clock.Now()); d > 0 {
			w.clock.Add(d)
		}
		if !w.walk(id) {
			w.t.Fatalf("%s cannot be claimed", id)
		}
	}
	w.t.Fatalf("%s does not come to an end", id)
}

// held answers the message's row in the dead-letter queue, if it is there.
func (w *world) held(id domain.MessageID) *pipeline.HeldMessage {
	w.t.Helper()
	list, err := w.pipeline.Held(w.t.Context(), env, pipeline.HeldFilter{Messages: []domain.MessageID{id}})
	must(w.t, err)
	if len(list) == 0 {
		return nil
	}
	return &list[0]
}

func (w *world) attempts(id domain.MessageID) []pipeline.AttemptView {
	w.t.Helper()
	out, err := w.pipeline.Attempts(w.t.Context(), id)
	must(w.t, err)
	return out
}

// wantHeld fails unless the message is held for the reason.
func (w *world) wantHeld(id domain.MessageID, reason string) {
	w.t.Helper()
	h := w.held(id)
	if h == nil || h.Reason != reason {
		w.t.Fatalf("held %+v, want reason %s", h, reason)
	}
	if h.Advice == "" {
		w.t.Errorf("reason %s has no advice", reason)
	}
}

// ending is how the resource settled; "" while it has not.
func (w *world) ending(id domain.MessageID) (end domain.Ending) {
	w.t.Helper()
	rows, err := w.store.Reader().Query(w.t.Context(), `SELECT owner FROM lease WHERE name = $1`, "res_"+string(id))
	must(w.t, err)
	defer rows.Close()
	for rows.Next() {
		must(w.t, rows.Scan(&end))
	}
	must(w.t, rows.Err())
	return end
}

// wantEnd fails unless the resource settled that way.
func (w *world) wantEnd(id domain.MessageID, end domain.Ending) {
	w.t.Helper()
	if got := w.ending(id); got != end {
		w.t.Fatalf("ended as %q, want %q", got, end)
	}
}

// vendor answers calls from a script, by operation; an operation without a
// script succeeds. It counts what began.
type vendor struct {
	mu      sync.Mutex
	effect  string
	scripts map[string][]func(domain.Call) domain.Outcome
	calls   map[string]int
}

func newVendor() *vendor {
	return &vendor{effect: "keyed", scripts: map[string][]func(domain.Call) domain.Outcome{}, calls: map[string]int{}}
}

// Invoke implements pipeline.Connectors.
func (v *vendor) Invoke(_ context.Context, c domain.Call) domain.Outcome {
	v.mu.Lock()
	v.calls[c.Operation]++
	script := v.scripts[c.Operation]
	if len(script) > 0 {
		v.scripts[c.Operation] = script[1:]
	}
	v.mu.Unlock()
	if len(script) == 0 {
		if c.Operation == "test.lookup" {
			return looked(domain.LookupNotFound)(c)
		}
		return result(`{}`)(c)
	}
	return script[0](c)
}

// Manifest implements pipeline.Connectors.
func (v *vendor) Manifest(string, domain.EnvironmentKind) (*schemas.Manifest, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return &schemas.Manifest{Name: "scripted", Version: "1.0.0", Operations: []schemas.Operation{
		{Name: "test.prepare", Effect: "none", Deadline: schemas.Duration(5 * time.Second)},
		{Name: "test.send", Effect: v.effect, Deadline: schemas.Duration(time.Minute), SettlesAfter: schemas.Duration(90 * time.Second), Lookup: "test.lookup"},
		{Name: "test.report", Effect: v.effect, Deadline: schemas.Duration(time.Minute), Lookup: "test.lookup"},
		{Name: "test.lookup", Effect: "none", Deadline: schemas.Duration(10 * time.Second)},
	}}, true
}

func (v *vendor) script(operation string, answers ...func(domain.Call) domain.Outcome) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.scripts[operation] = append(v.scripts[operation], answers...)
}

// forget drops what is left of all scripts.
func (v *vendor) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.scripts)
}

func (v *vendor) count(operation string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls[operation]
}

func result(raw string) func(domain.Call) domain.Outcome {
	return func(domain.Call) domain.Outcome {
		return domain.Outcome{Class: domain.ClassResult, Result: json.RawMessage(raw)}
	}
}

func looked(l domain.Lookup) func(domain.Call) domain.Outcome {
	return result(`{"result":"` + string(l) + `"}`)
}

func fails(class domain.Class) func(domain.Call) domain.Outcome {
	return func(domain.Call) domain.Outcome {
		return domain.Outcome{Class: class, Error: &domain.ConnectorError{Class: class, Code: "scripted", Message: "as the script says"}}
	}
}

// crashes is the connector's death under this call and others.
func crashes(class domain.Class) func(domain.Call) domain.Outcome {
	return func(c domain.Call) domain.Outcome {
		out := fails(class)(c)
		out.Crashed = true
		return out
	}
}

func crashesAlone(class domain.Class) func(domain.Call) domain.Outcome {
	return func(c domain.Call) domain.Outcome {
		out := crashes(class)(c)
		out.Alone = true
		return out
	}
}

// then runs f before it answers.
func then(f func(), answer func(domain.Call) domain.Outcome) func(domain.Call) domain.Outcome {
	return func(c domain.Call) domain.Outcome {
		f()
		return answer(c)
	}
}

// flow has a stage without effect and one with. How a resource ended is a row
// that can be inserted once: a second settling of any kind fails its change.
type flow struct {
	twoEffects bool // a stage with an effect follows the first one
}

type endPart struct {
	resource string
	end      domain.Ending
}

func (endPart) PartOf() domain.PartKind { return "test_end" }

func writeEnd(p domain.Part) ([]store.Statement, error) {
	e := p.(endPart)
	return []store.Statement{{SQL: `INSERT INTO lease (name, owner, lease_until) VALUES ($1, $2, 0)`, Args: []any{e.resource, e.end}, Rows: 1}}, nil
}

func (*flow) Name() string { return "test" }
func (*flow) Version() int { return 1 }

func (*flow) Load(_ context.Context, ids []string) (map[string]domain.Resource, error) {
	out := map[string]domain.Resource{}
	for _, id := range ids {
		out[id] = id
	}
	return out, nil
}

func (*flow) Step(r domain.Resource, _ schemas.Document, stage domain.Stage) (domain.Step, error) {
	return domain.Step{Operation: "test." + string(stage), Parameters: json.RawMessage(`{}`), Reference: "REF of " + r.(string)}, nil
}

func (f *flow) Result(r domain.Resource, stage domain.Stage, _ json.RawMessage, _ time.Time) (domain.Resource, domain.Stage, []domain.Part, error) {
	if stage == "prepare" {
		return r, "send", nil, nil
	}
	if stage == "send" && f.twoEffects {
		return r, "report", nil, nil
	}
	return r, "", nil, nil
}

func (*flow) Lookup(domain.Resource, schemas.Document, domain.Stage) (domain.Step, error) {
	return domain.Step{Parameters: json.RawMessage(`{}`), Reference: "REF"}, nil
}

func (*flow) Settle(r domain.Resource, _ schemas.Document, end domain.Ending, _ []domain.FieldError, _ time.Time) ([]domain.Part, error) {
	return []domain.Part{endPart{r.(string), end}}, nil
}

func (*flow) Hold(domain.Resource, schemas.Document, string, time.Time) ([]domain.Part, error) {
	return nil, nil
}
func (*flow) Release(string, time.Time) []domain.Part { return nil }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func isCode(err error, code string) bool {
	var e *domain.Error
	return errors.As(err, &e) && strings.EqualFold(e.Code, code)
}
