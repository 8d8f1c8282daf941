package work

import (
	"context"
	"sync"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Keeper takes new rows of a receiver's stream that were stored as claimed by
// this node: the work that follows from work done here, such as the callback
// of an invoice that has just been signed. It spares such a row the bus and
// the claim; whatever happens to it then is what happens to any claim.
type Keeper[T any] struct {
	receiver *Receiver[T]
	walking  context.Context //nolint:containedctx // the context of all walks of a node, not of a request
	group    sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	resting bool
}

// NewKeeper lets a receiver take rows at once. walking is the context of the
// walks.
func NewKeeper[T any](walking context.Context, r *Receiver[T]) *Keeper[T] {
	return &Keeper[T]{receiver: r, walking: walking}
}

// Reserve implements Local.
func (k *Keeper[T]) Reserve() store.Placement {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.resting {
		return store.Placement{}
	}
	select {
	case k.receiver.slots <- struct{}{}:
		k.group.Add(1)
		cfg := k.receiver.cfg
		return store.Placement{Owner: cfg.Owner, LeaseUntil: cfg.Store.Now().Add(cfg.Lease())}
	default:
		return store.Placement{}
	}
}

// Cancel implements Local.
func (k *Keeper[T]) Cancel() {
	<-k.receiver.slots
	k.group.Done()
}

// Take implements Local.
func (k *Keeper[T]) Take(row domain.Work) {
	go func() {
		defer k.Cancel()
		item, ok, err := k.receiver.join(k.walking, newClaim[T](row.ID, &row))
		if err == nil && ok {
			k.receiver.cfg.Walk(k.walking, item)
		}
	}()
}

// Rest leaves new rows to others, or ends that.
func (k *Keeper[T]) Rest(rest bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.resting = rest
}

// Close takes no more rows and returns when all walks have ended, those of
// changes that were being committed among them.
func (k *Keeper[T]) Close() {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
	k.group.Wait()
}
