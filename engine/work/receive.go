package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/store"
)

// ReceiverConfig wires a Receiver for one stream.
type ReceiverConfig[T any] struct {
	Stream string        // required
	Store  *store.Store  // required
	Relay  *Relay        // required
	Owner  domain.NodeID // required
	Log    *slog.Logger  // required
	// Lease is how long a claim lasts; longer than all that a walk does before
	// its next write.
	Lease func() time.Duration // required; asked at each claim
	Slots int                  // walks at once; default 1,024
	// Load reads what the walks need, for a whole batch of claimed rows. A row
	// that is not in the answer is released and tried again later.
	Load func(ctx context.Context, rows []domain.Work) (map[domain.WorkID]T, error)
	// Walk takes one claimed row to its next rest. It is called from many
	// goroutines.
	Walk func(ctx context.Context, item T)
}

// Receiver turns what arrives on a stream into claimed rows and walks them.
type Receiver[T any] struct {
	cfg   ReceiverConfig[T]
	slots chan struct{}

	mu      sync.Mutex
	waiting []*claim[T]
	leading bool
}

// claim is one arrival that waits for its batch.
type claim[T any] struct {
	id   domain.WorkID
	row  *domain.Work // set when it was stored as claimed
	item T
	ok   bool
	err  error
	turn chan bool // true: take the next batch; false: yours is done
}

func newClaim[T any](id domain.WorkID, row *domain.Work) *claim[T] {
	return &claim[T]{id: id, row: row, turn: make(chan bool, 1)}
}

const (
	// maxBatch bounds one claim statement.
	maxBatch = 256
	// unknownAgain is when a row that could not be loaded is tried again,
	// perhaps by a newer node.
	unknownAgain = time.Minute
)

// NewReceiver checks cfg and fills its defaults.
func NewReceiver[T any](cfg ReceiverConfig[T]) (*Receiver[T], error) {
	if cfg.Stream == "" || cfg.Store == nil || cfg.Relay == nil || cfg.Owner == "" || cfg.Log == nil || cfg.Lease == nil || cfg.Load == nil || cfg.Walk == nil {
		return nil, fmt.Errorf("work: receiver of %q: Stream, Store, Relay, Owner, Log, Lease, Load and Walk are required", cfg.Stream)
	}
	if cfg.Slots <= 0 {
		cfg.Slots = 1024
	}
	return &Receiver[T]{cfg: cfg, slots: make(chan struct{}, cfg.Slots)}, nil
}

// Receive takes one envelope: it waits for a slot, joins the claim batch, acks
// once the claim has committed (the row is safe in SQL from then on, whatever
// happens to this process), walks and frees the slot. It returns an error only
// when nothing was claimed because ctx ended; then nothing is acked either.
func (r *Receiver[T]) Receive(ctx context.Context, e domain.Envelope, ack func()) error {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.slots }()
	item, ok, err := r.join(ctx, newClaim[T](e.ID, nil))
	if err != nil {
		return err
	}
	failpoint.Hit(failpoint.Claimed)
	ack()
	failpoint.Hit(failpoint.Acked)
	if ok {
		r.cfg.Walk(ctx, item)
	}
	return nil
}

// join waits for the batch that the next statement takes. Whoever is first in a
// batch takes it for all, and then calls the first of the next one: nobody who
// could walk claims for others instead.
func (r *Receiver[T]) join(ctx context.Context, c *claim[T]) (item T, ok bool, err error) {
	r.mu.Lock()
	r.waiting = append(r.waiting, c)
	lead := !r.leading
	r.leading = true
	r.mu.Unlock()
	if lead || <-c.turn {
		r.lead(ctx)
	}
	return c.item, c.ok, c.err
}

// lead takes one batch, the caller's own claim first in it.
func (r *Receiver[T]) lead(ctx context.Context) {
	r.mu.Lock()
	n := min(len(r.waiting), maxBatch)
	batch := r.waiting[:n:n]
	r.waiting = r.waiting[n:]
	r.mu.Unlock()
	r.take(ctx, batch)
	r.mu.Lock()
	if len(r.waiting) > 0 {
		r.waiting[0].turn <- true
	} else {
		r.waiting, r.leading = nil, false
	}
	r.mu.Unlock()
	for _, c := range batch[1:] {
		c.turn <- false
	}
}

// take claims a batch and loads what its walks need. While the store is away
// it waits: entries stay unacked, so the subscriber stops reading by itself.
func (r *Receiver[T]) take(ctx context.Context, batch []*claim[T]) {
	ids := make([]domain.WorkID, 0, len(batch))
	var kept []domain.Work
	for _, c := range batch {
		if c.row != nil {
			kept = append(kept, *c.row)
			continue
		}
		ids = append(ids, c.id)
	}
	rows, err := retry(ctx, r.cfg.Log, "claim", always, func() ([]domain.Work, error) {
		return r.cfg.Store.Claim(ctx, r.cfg.Owner, r.cfg.Lease(), ids)
	})
	r.cfg.Relay.Claimed(r.cfg.Stream, len(ids))
	var items map[domain.WorkID]T
	if err == nil {
		r.unclaimed(ctx, ids, rows)
		items, err = r.load(ctx, append(rows, kept...))
	}
	for _, c := range batch {
		c.item, c.ok = items[c.id]
		c.err = err
		delete(items, c.id) // an entry that came twice in one batch is one claim
	}
}

// unclaimed takes back the publication of rows that were not to be had, their
// entries being spent: else one whose gate closed on its way would wait long
// after the gate has opened. One that came a moment too early, by the clock of
// another node, is picked at its time. Nothing turns round and round by that:
// what cannot be claimed yet is not picked either.
func (r *Receiver[T]) unclaimed(ctx context.Context, ids []domain.WorkID, rows []domain.Work) {
	claimed := make(map[domain.WorkID]bool, len(rows))
	for _, w := range rows {
		claimed[w.ID] = true
	}
	missing := slices.DeleteFunc(slices.Clone(ids), func(id domain.WorkID) bool { return claimed[id] })
	if err := r.cfg.Store.Unpublish(ctx, missing); err != nil {
		r.cfg.Log.Warn("take back publication", "stream", r.cfg.Stream, "error", err)
		return
	}
	due, err := r.cfg.Store.Waiting(ctx, missing)
	if err != nil {
		r.cfg.Log.Warn("look for rows that came too early", "stream", r.cfg.Stream, "error", err)
	}
	for _, at := range due {
		r.cfg.Relay.Wake(r.cfg.Stream, domain.Micros(at))
	}
}

// load reads what the walks of claimed rows need. One row that cannot be loaded
// must not stop the others, so each is then loaded alone. Those that are left
// go back.
func (r *Receiver[T]) load(ctx context.Context, rows []domain.Work) (map[domain.WorkID]T, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	items, err := retry(ctx, r.cfg.Log, "load", away, func() (map[domain.WorkID]T, error) { return r.cfg.Load(ctx, rows) })
	if err != nil {
		if items, err = r.loadEach(ctx, rows); err != nil {
			return nil, err
		}
	}
	left := slices.DeleteFunc(slices.Clone(rows), func(w domain.Work) bool { _, ok := items[w.ID]; return ok })
	if len(left) > 0 {
		if err := r.cfg.Store.PutOff(ctx, left, r.cfg.Store.Now().Add(unknownAgain)); err != nil {
			r.cfg.Log.Warn("put off", "stream", r.cfg.Stream, "rows", len(left), "error", err)
		}
	}
	return items, nil
}

func (r *Receiver[T]) loadEach(ctx context.Context, rows []domain.Work) (map[domain.WorkID]T, error) {
	items := make(map[domain.WorkID]T, len(rows))
	for i := range rows {
		one, err := retry(ctx, r.cfg.Log, "load", away, func() (map[domain.WorkID]T, error) { return r.cfg.Load(ctx, rows[i:i+1]) })
		if ctx.Err() != nil {
			return nil, errors.Join(ctx.Err(), err)
		}
		if err != nil {
			r.cfg.Log.Error("work that cannot be loaded", "work", rows[i].ID, "error", err)
		}
		maps.Copy(items, one)
	}
	return items, nil
}

func always(error) bool { return true }

// away reports whether the store, and not what was asked of it, is at fault.
func away(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknown) || errors.Is(err, context.DeadlineExceeded)
}

// retry repeats f while it fails in a way that passes, until ctx ends.
func retry[R any](ctx context.Context, log *slog.Logger, what string, passes func(error) bool, f func() (R, error)) (R, error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		out, err := f()
		if err == nil {
			return out, nil
		}
		if ctx.Err() != nil {
			return out, errors.Join(ctx.Err(), err)
		}
		if !passes(err) {
			return out, err
		}
		log.Warn(what, "error", err, "retry_in", wait)
		select {
		case <-ctx.Done():
			return out, errors.Join(ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}
