package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

const (
	ours   domain.EnvironmentID = "env_ours"
	theirs domain.EnvironmentID = "env_theirs"
	sim                         = domain.Account("sim:+2250707000001")
)

// errFunds is the caller's own error of a debit.
var errFunds = errors.New("the float does not suffice")

// world is a ledger over a real database.
type world struct {
	testing.TB
	store   *store.Store
	applier *store.Applier
	ledger  *ledger.Service
	logs    *logs
}

func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for name, open := range databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newWorld(t, open(t)))
		})
	}
}

func databases() map[string]func(testing.TB, ...func(*store.Config)) *store.Store {
	return map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres}
}

func newWorld(t testing.TB, s *store.Store) *world {
	w := &world{TB: t, store: s, applier: store.NewApplier(s), logs: &logs{}}
	audit.Register(w.applier)
	ledger.Register(w.applier)
	w.ledger = w.service("node_a")
	return w
}

// corridors are those of every environment.
type corridors struct{}

func (corridors) Corridors(context.Context, domain.EnvironmentID) ([]domain.Corridor, error) {
	return []domain.Corridor{{Operator: "mtn", Currency: "XOF"}, {Operator: "mtn", Currency: "RWF"}, {Operator: "airtel", Currency: "RWF"}}, nil
}

func (w *world) service(node domain.NodeID, change ...func(*ledger.Config)) *ledger.Service {
	w.Helper()
	cfg := ledger.Config{Store: w.store, Node: node, Log: slog.New(slog.NewTextHandler(w.logs, nil)), Corridors: corridors{}, Every: time.Millisecond}
	for _, c := range change {
		c(&cfg)
	}
	s, err := ledger.New(cfg)
	w.must(err)
	return s
}

// folding runs a node that folds until the test ends it, or ends.
func (w *world) folding(node domain.NodeID, change ...func(*ledger.Config)) (stop func()) {
	w.Helper()
	s := w.service(node, change...)
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.Run(ctx)
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	w.Cleanup(stop)
	return stop
}

// folded waits until the tail is empty but for some rows.
func (w *world) folded(rest int64) {
	w.Helper()
	storetest.Await(w, "the tail to be folded", func() bool { return w.count(`SELECT COUNT(*) FROM ledger_tail`) == rest })
}

func (w *world) post(entries ...domain.LedgerEntry) error {
	var c domain.Change
	for _, e := range entries {
		c.Add(e)
	}
	return w.applier.Apply(w.Context(), c)
}

// entry is one of ours in francs, now.
func (w *world) entry(kind, resource string, postings ...domain.Posting) domain.LedgerEntry {
	return domain.LedgerEntry{
		ID: domain.NewID[domain.EntryID](domain.PrefixEntry), Environment: ours, Kind: kind, Resource: resource, Currency: "XOF",
		At: w.store.Now(), Postings: postings,
	}
}

// collection is a payment of which the merchant gets net.
func (w *world) collection(resource string, net, commission int64) domain.LedgerEntry {
	return w.entry("collection", resource, domain.Posting{Account: sim, Amount: -net - commission},
		domain.Posting{Account: domain.AccountFloat, Amount: net}, domain.Posting{Account: domain.AccountCommission, Amount: commission})
}

// payout takes from the float what it must have.
func (w *world) payout(resource string, amount int64) domain.LedgerEntry {
	return w.entry("disbursement", resource, domain.Posting{Account: sim, Amount: amount},
		domain.Posting{Account: domain.AccountFloat, Amount: -amount, AtLeastZero: true, Refused: errFunds})
}

func (w *world) balance(account domain.Account) int64 {
	w.Helper()
	n, err := w.ledger.Balance(w.Context(), ours, account, "XOF")
	w.must(err)
	return n
}

// verified is what Verify finds wrong.
func (w *world) verified() (faults []ledger.Fault) {
	w.Helper()
	_, err := w.ledger.Verify(w.Context(), func(f ledger.Fault) { faults = append(faults, f) })
	w.must(err)
	return faults
}

// sound fails unless the ledger adds up.
func (w *world) sound() {
	w.Helper()
	for _, f := range w.verified() {
		w.Error(f)
	}
}

// plant writes what nobody should.
func (w *world) plant(sql string, args ...any) {
	w.Helper()
	w.must(w.store.Write(w.Context(), []store.Statement{{SQL: sql, Args: args, Rows: 1}}))
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

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// callers is how many take part in each race.
const callers = 32

// together runs fn for each caller at the same moment and gives their errors.
func together(fn func(i int) error) []error {
	errs := make([]error, callers)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// ended counts how many ended with an error, nil among them; all others fail.
func (w *world) ended(errs []error, with ...error) []int {
	w.Helper()
	counts := make([]int, len(with))
next:
	for _, err := range errs {
		for i, want := range with {
			if errors.Is(err, want) {
				counts[i]++
				continue next
			}
		}
		w.Errorf("ended with %v", err)
	}
	return counts
}

func tx(i int) string { return fmt.Sprintf("TX_%06d", i) }

// logs keeps what was logged.
type logs struct {
	mu sync.Mutex
	b  strings.Builder
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
