package payment_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/ledger"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/schemas"
)

// callers is how many take part in each race.
const callers = 32

const (
	awa                            = "+2250501234567"
	connection domain.ConnectionID = "con_a"
)

// world is intake, payments, their pipeline and the ledger over a real database,
// with a scripted operator and a clock of its own.
type world struct {
	*testing.T
	clock    *testclock.Clock
	store    *store.Store
	applier  *store.Applier
	intake   *ingest.Service
	payments *payment.Service
	pipeline *pipeline.Pipeline
	ledger   *ledger.Service
	operator *operator
	env      domain.Environment

	mu   sync.Mutex
	told []domain.Event // of all committed changes
	// bills are the invoices that payments may be of, counted what followed their
	// payments.
	bills   []domain.Bill
	counted []counted
}

func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open)
			test(w)
			w.verified()
		})
	}
}

func newWorld(t *testing.T, open func(testing.TB, ...func(*store.Config)) *store.Store) *world {
	t.Helper()
	w := &world{
		T: t, clock: testclock.New(time.Now().UTC().Truncate(time.Millisecond)), operator: newOperator(),
		env: domain.Environment{ID: "env_a", Organisation: "org_a", Kind: domain.Sandbox, Mode: domain.ModeSI},
	}
	w.store = open(t, func(c *store.Config) { c.Now = w.clock.Now })
	w.applier = store.NewApplier(w.store)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	var err error
	w.intake, err = ingest.New(ingest.Config{Store: w.store, Applier: w.applier})
	w.must(err)
	w.ledger, err = ledger.New(ledger.Config{Store: w.store, Node: "node_1", Log: log})
	w.must(err)
	w.payments, err = payment.New(payment.Config{Store: w.store, Applier: w.applier, Corridors: w, Connections: w, Ledger: w.ledger, Bills: w, Follow: w.follow()})
	w.must(err)
	w.pipeline, err = pipeline.New(pipeline.Config{
		Store: w.store, Applier: w.applier, Connectors: w.operator, Connections: w, Documents: w.intake,
		Flows: []domain.Flow{w.payments.Flow(), w.payments.ConfirmFlow()}, Log: log,
	})
	w.must(err)
	w.applier.Register(domain.PartEvent, func(domain.Part) ([]store.Statement, error) { return nil, nil })
	w.applier.Watch(w.hear)
	audit.Register(w.applier)
	ledger.Register(w.applier)
	return w
}

// hear remembers the events of a committed change, and holds each to its schema.
func (w *world) hear(parts []domain.Part) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, part := range parts {
		if e, ok := part.(domain.Event); ok {
			w.told = append(w.told, e)
			if err := schemas.ValidateEventData(e.Type, e.Data); err != nil {
				w.Errorf("%s: %v", e.Type, err)
			}
		}
		if c, ok := part.(counted); ok {
			w.counted = append(w.counted, c)
		}
	}
}

// heard counts the events of a type that tell of a payment.
func (w *world) heard(kind string, id domain.PaymentID) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.told {
		if e.Type == kind && e.Resource == string(id) {
			n++
		}
	}
	return n
}

// Find implements payment.Corridors: 1 %, which the merchant bears.
func (w *world) Find(context.Context, domain.EnvironmentID, string, string) (domain.Corridor, error) {
	return domain.Corridor{Connection: connection, Currency: "XOF", CommissionBps: 100, MerchantAbsorptionPct: 100}, nil
}

// Store implements payment.Corridors.
func (*world) Store(_ context.Context, _ domain.EnvironmentID, slug string) (domain.MerchantStore, error) {
	return domain.MerchantStore{Slug: slug, Active: true}, nil
}

// PaymentConnection implements payment.Connections.
func (*world) PaymentConnection(context.Context, domain.EnvironmentID, domain.ConnectionID) (payment.Connection, error) {
	return payment.Connection{Stream: "s"}, nil
}

// Ref implements pipeline.Connections.
func (*world) Ref(_ context.Context, id domain.ConnectionID) (domain.ConnectionRef, error) {
	return domain.ConnectionRef{ID: id, Version: 1, Connector: "operator", Environment: domain.Sandbox}, nil
}

// Pause implements pipeline.Connections.
func (w *world) Pause(ctx context.Context, id domain.ConnectionID, e *domain.ConnectorError) error {
	return w.store.CloseGate(ctx, store.Gate{Key: string(id), ClosedUntil: w.clock.Now().Add(24 * 365 * time.Hour), Reason: string(e.Class)})
}

// message is the payment's run of its flow.
func (w *world) message(id domain.PaymentID) domain.MessageID {
	w.Helper()
	return domain.MessageID(w.text(`SELECT message_id FROM payment WHERE id = $1`, id))
}

// claim takes a message for a worker and loads it; nil when it cannot be had.
func (w *world) claim(worker domain.NodeID, id domain.MessageID) *pipeline.Run {
	w.Helper()
	rows, err := w.store.Claim(w.Context(), worker, 5*time.Minute, []domain.WorkID{domain.WorkID(id)})
	w.must(err)
	if len(rows) == 0 {
		return nil
	}
	runs, err := w.pipeline.Load(w.Context(), rows)
	w.must(err)
	return runs[domain.WorkID(id)]
}

// walk runs a payment once; it reports whether it could be claimed.
func (w *world) walk(id domain.PaymentID) bool {
	w.Helper()
	return w.run(w.message(id))
}

func (w *world) run(id domain.MessageID) bool {
	w.Helper()
	r := w.claim("node_1", id)
	if r == nil {
		return false
	}
	w.pipeline.Walk(w.Context(), r)
	return true
}

// due is how long a payment's work waits.
func (w *world) due(id domain.PaymentID) time.Duration {
	w.Helper()
	row, held, err := w.store.WorkOf(w.Context(), domain.WorkID(w.message(id)))
	w.must(err)
	if held {
		w.Fatalf("%s is held", id)
	}
	return row.DueAt.Sub(w.clock.Now())
}

// next moves the clock to when the payment is due and walks it.
func (w *world) next(id domain.PaymentID) {
	w.Helper()
	w.clock.Add(max(w.due(id), 0))
	if !w.walk(id) {
		w.Fatalf("%s cannot be claimed", id)
	}
}

// until walks a payment whenever it is due until so much time has passed since
// the call, or it has settled or is held.
func (w *world) until(id domain.PaymentID, passed time.Duration) {
	w.Helper()
	for end := w.clock.Now().Add(passed); ; {
		row, held, err := w.store.WorkOf(w.Context(), domain.WorkID(w.message(id)))
		if errors.Is(err, store.ErrNotFound) || held {
			return
		}
		w.must(err)
		if row.DueAt.After(end) {
			w.clock.Add(end.Sub(w.clock.Now()))
			return
		}
		w.next(id)
	}
}

// news tells, as a webhook does, that an operator has news of a payment.
func (w *world) news(id domain.PaymentID, status schemas.PaymentStatus) {
	w.Helper()
	reference := w.text(`SELECT operator_reference FROM payment WHERE id = $1`, id)
	parts := []domain.Part{domain.WorkNews{Connection: connection, References: []string{reference}}}
	parts = append(parts, w.payments.Told(connection, reference, json.RawMessage(`{"status":"`+string(status)+`"}`))...)
	w.must(w.applier.Apply(w.Context(), domain.Change{Parts: parts}))
}

// confirmations are the runs that ask once more about payments given up.
func (w *world) confirmations() (ids []domain.MessageID) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT id FROM message WHERE flow = $1 AND status = 'open' ORDER BY id`, payment.ConfirmName)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var id domain.MessageID
		w.must(rows.Scan(&id))
		ids = append(ids, id)
	}
	w.must(rows.Err())
	return ids
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// together calls f from so many goroutines at once.
func together(n int, f func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	group.Wait()
}

func code(err error) string {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return fmt.Sprint(err)
}
