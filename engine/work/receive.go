package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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
	Lease time.Duration // required
	Slots int           // walks at once; default 1,024
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
	done chan struct{}
}

// maxBatch bounds one claim statement.
const maxBatch = 256

// NewReceiver checks cfg and fills its defaults.
func NewReceiver[T any](cfg ReceiverConfig[T]) (*Receiver[T], error) {
	if cfg.Stream == "" || cfg.Store == nil || cfg.Relay == nil || cfg.Owner == "" || cfg.Log == nil || cfg.Lease <= 0 || cfg.Load == nil || cfg.Walk == nil {
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
	item, ok, err := r.join(ctx, &claim[T]{id: e.ID, done: make(chan struct{})})
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

// join waits for the batch that the next statement takes. The first to arrive
// leads: it claims for all who wait until nobody does.
func (r *Receiver[T]) join(ctx context.Context, c *claim[T]) (item T, ok bool, err error) {
	r.mu.Lock()
	r.waiting = append(r.waiting, c)
	lead := !r.leading
	r.leading = true
	r.mu.Unlock()
	if lead {
		r.lead(ctx)
	}
	<-c.done
	return c.item, c.ok, c.err
}

func (r *Receiver[T]) lead(ctx context.Context) {
	for {
		r.mu.Lock()
		n := min(len(r.waiting), maxBatch)
		batch := r.waiting[:n:n]
		r.waiting = r.waiting[n:]
		if n == 0 {
			r.waiting = nil
			r.leading = false
			r.mu.Unlock()
			return
		}
		r.mu.Unlock()
		r.take(ctx, batch)
		for _, c := range batch {
			close(c.done)
		}
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
	rows, err := retry(ctx, r.cfg.Log, "claim", func() ([]domain.Work, error) {
		return r.cfg.Store.Claim(ctx, r.cfg.Owner, r.cfg.Lease, ids)
	})
	r.cfg.Relay.Claimed(r.cfg.Stream, len(ids))
	rows = append(rows, kept...)
	var items map[domain.WorkID]T
	if err == nil && len(rows) > 0 {
		items, err = retry(ctx, r.cfg.Log, "load", func() (map[domain.WorkID]T, error) { return r.cfg.Load(ctx, rows) })
	}
	for _, c := range batch {
		c.item, c.ok = items[c.id]
		c.err = err
		delete(items, c.id) // an entry that came twice in one batch is one claim
	}
}

// retry repeats f while the store is away, until ctx ends.
func retry[R any](ctx context.Context, log *slog.Logger, what string, f func() (R, error)) (R, error) {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		out, err := f()
		if err == nil {
			return out, nil
		}
		if ctx.Err() != nil {
			return out, errors.Join(ctx.Err(), err)
		}
		log.Warn(what, "error", err, "retry_in", wait)
		select {
		case <-ctx.Done():
			return out, errors.Join(ctx.Err(), err)
		case <-time.After(wait):
		}
	}
}
