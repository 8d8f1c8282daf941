package pull_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/pull"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
	"github.com/afara-dev/afara/schemas"
)

// world is one connection to a vendor with a stream, over a real database, and as
// many nodes as a test starts.
type world struct {
	*testing.T
	clock *testclock.Clock
	store *store.Store
	*vendor
}

func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, clock: testclock.New(time.Now().UTC().Truncate(time.Second)), vendor: newVendor()}
			w.store = open(t, func(c *store.Config) { c.Now, c.Migrations = w.clock.Now, nil })
			test(w)
		})
	}
}

// node is a service that runs until the test ends it, or ends.
type node struct {
	*pull.Service
	applier *store.Applier
	stop    func()
	// ended are the runs that it has ended.
	ended chan pull.Observation
}

// service is one node's service that does not run.
func (w *world) service(name domain.NodeID, change ...func(*pull.Config)) *node {
	w.Helper()
	n := &node{ended: make(chan pull.Observation, 1000), applier: store.NewApplier(w.store)}
	cfg := pull.Config{
		Store: w.store, Applier: n.applier, Connectors: w.vendor, Connections: w.vendor, Node: name,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Look: 5 * time.Millisecond, Lease: leaseTime, Observe: func(o pull.Observation) { n.ended <- o },
	}
	if testing.Verbose() {
		cfg.Log = slog.New(slog.NewTextHandler(w.Output(), nil))
	}
	cfg.Rest = func() bool { w.set(func() { w.looks++ }); return false }
	for _, c := range change {
		c(&cfg)
	}
	s, err := pull.New(cfg)
	w.must(err)
	audit.Register(n.applier)
	pull.Register(n.applier)
	n.Service = s
	return n
}

// leaseTime is so long that no node of a test renews its lease by itself: the
// clock stands still.
const leaseTime = time.Hour

func (w *world) start(name domain.NodeID, change ...func(*pull.Config)) *node {
	w.Helper()
	n := w.service(name, change...)
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = n.Run(ctx)
	}()
	n.stop = sync.OnceFunc(func() { cancel(); <-done })
	w.Cleanup(n.stop)
	return n
}

// next waits for the end of a run.
func (w *world) next(n *node) pull.Observation {
	w.Helper()
	select {
	case o := <-n.ended:
		return o
	case <-time.After(20 * time.Second):
		w.Fatal("no run has ended")
		return pull.Observation{}
	}
}

func (w *world) runs(n *node) []pull.Run {
	w.Helper()
	list, err := n.Runs(w.Context(), pull.Filter{Environment: environment, Connection: connectionID, Limit: 100})
	w.must(err)
	return list
}

// records are those that are stored, the newest first.
func (w *world) records(n *node) []pull.Record {
	w.Helper()
	list, more, err := n.Records(w.Context(), pull.Filter{Environment: environment, Connection: connectionID, Stream: "items", Limit: 1000})
	w.must(err)
	if more {
		w.Fatal("there are more than 1000")
	}
	return list
}

// holds fails unless exactly the first count items are stored, each once.
func (w *world) holds(n *node, count int) {
	w.Helper()
	list := w.records(n)
	seen := map[string]bool{}
	for _, r := range list {
		if seen[r.Key] || r.Version != 1 {
			w.Errorf("%s is there twice, or changed: version %d", r.Key, r.Version)
		}
		seen[r.Key] = true
	}
	for i := 1; i <= count; i++ {
		if !seen[key(i)] {
			w.Errorf("%s is lost", key(i))
		}
	}
	if len(list) != count {
		w.Errorf("%d records, want %d", len(list), count)
	}
}

const (
	environment  domain.EnvironmentID = "env_a"
	connectionID domain.ConnectionID  = "con_a"
)

// vendor is a connector with one connection whose items have numbers; its cursor is
// the number of the last one. It implements pull.Connectors and pull.Connections.
type vendor struct {
	mu      sync.Mutex
	version string
	streams []schemas.Stream
	bodies  []string // of the items, from number 1 on
	size    int      // of a batch
	every   time.Duration
	closed  bool // the connection is paused or disabled
	unready bool
	refusal *domain.ConnectorError // of every pull
	// between is called before each batch but the first, without the lock.
	between func(ctx context.Context, after int)
	rename  map[int]string // number -> key, for those whose key is not of their number
	looks   int            // of all nodes at what is due
	stuck   bool           // the cursor does not move
	pulls   []domain.Pull
	inside  int // pulls under way
	most    int // that were ever under way at once
	paused  []domain.Class
}

func newVendor() *vendor {
	return &vendor{version: "1.0.0", streams: []schemas.Stream{{Name: "items"}}, size: 2, every: time.Minute}
}

func key(n int) string { return fmt.Sprintf("item-%03d", n) }

// makes adds items.
func (v *vendor) makes(n int) {
	v.set(func() {
		for range n {
			v.bodies = append(v.bodies, fmt.Sprintf(`{"n":%d}`, len(v.bodies)+1))
		}
	})
}

func (v *vendor) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

// asked are the cursors of all pulls.
func (v *vendor) asked() (cursors []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, p := range v.pulls {
		cursors = append(cursors, string(p.Cursor))
	}
	return cursors
}

func (v *vendor) Pull(ctx context.Context, p domain.Pull, yield func(domain.PullBatch) bool) domain.Outcome {
	v.mu.Lock()
	v.pulls = append(v.pulls, p)
	v.inside++
	v.most = max(v.most, v.inside)
	refusal := v.refusal
	v.mu.Unlock()
	defer v.set(func() { v.inside-- })
	v.mu.Lock()
	stuck := v.stuck
	v.mu.Unlock()
	if stuck {
		b := v.batch(0, 1)
		b.Cursor, b.CaughtUp = []byte("x"), false
		yield(b)
		return domain.Outcome{Class: domain.ClassResult}
	}
	after, _ := strconv.Atoi(string(p.Cursor))
	for first := true; ; first = false {
		v.mu.Lock()
		between := v.between
		v.mu.Unlock()
		if !first && between != nil {
			between(ctx, after)
		}
		if ctx.Err() != nil {
			return domain.Outcome{Class: domain.ClassUnavailable, Error: &domain.ConnectorError{Class: domain.ClassUnavailable, Code: "call_cut"}}
		}
		if refusal != nil {
			return domain.Outcome{Class: refusal.Class, Error: refusal}
		}
		b := v.batch(after, p.Limit)
		after += len(b.Records)
		if !yield(b) || b.CaughtUp || p.Limit > 0 {
			return domain.Outcome{Class: domain.ClassResult}
		}
	}
}

func (v *vendor) batch(after, limit int) domain.PullBatch {
	v.mu.Lock()
	defer v.mu.Unlock()
	size := v.size
	if limit > 0 {
		size = min(size, limit)
	}
	end := min(len(v.bodies), after+size)
	left := int64(len(v.bodies) - end)
	b := domain.PullBatch{Cursor: strconv.AppendInt(nil, int64(end), 10), CaughtUp: left == 0, Remaining: &left, ConnectorVersion: v.version}
	for n := after; n < end; n++ {
		body := []byte(v.bodies[n])
		b.Records = append(b.Records, domain.PulledRecord{Key: v.key(n + 1), Document: schemas.Restore(v.streams[0].Document, schemas.DigestOf(body), body)})
	}
	return b
}

func (v *vendor) key(n int) string {
	if k, ok := v.rename[n]; ok {
		return k
	}
	return key(n)
}

// looked waits until the nodes have looked some times more.
func (w *world) looked() {
	w.Helper()
	was := 0
	w.set(func() { was = w.looks })
	w.eventually("the nodes look", func() (yes bool) { w.set(func() { yes = w.looks >= was+4 }); return yes })
}

func (v *vendor) Manifest(string, domain.EnvironmentKind) (*schemas.Manifest, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return &schemas.Manifest{Name: "one", Version: v.version, Streams: v.streams}, true
}

func (v *vendor) Ready(string, domain.EnvironmentKind) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.unready
}

func (v *vendor) connection() pull.Connection {
	return pull.Connection{
		Ref:         domain.ConnectionRef{ID: connectionID, Version: 1, Connector: "one", Environment: domain.Sandbox},
		Environment: environment, Every: v.every,
	}
}

func (v *vendor) Open(context.Context) ([]pull.Connection, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil, nil
	}
	return []pull.Connection{v.connection()}, nil
}

func (v *vendor) Reopen(context.Context, pull.Connection) (pull.Connection, bool, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.connection(), !v.closed, nil
}

func (v *vendor) Pause(_ context.Context, _ domain.ConnectionID, e *domain.ConnectorError) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.paused, v.closed = append(v.paused, e.Class), true
	return nil
}

func (w *world) eventually(what string, holds func() bool) {
	w.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			w.Fatalf("never: %s", what)
		case <-tick.C:
		}
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}
