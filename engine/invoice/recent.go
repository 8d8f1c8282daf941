package invoice

import (
	"sync"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// recent spares an invoice that settles soon after it was accepted, as nearly
// all do, a second decoding and its party and items a second insert. All of it
// is a cache: whatever is not there is read or written again. Safe for
// concurrent use.
type recent struct {
	mu      sync.Mutex
	decoded map[schemas.Digest]*schemas.Invoice
	order   []schemas.Digest // oldest first; may name what was taken
	stored  map[string]struct{}
}

const (
	maxDecoded = 2048
	maxStored  = 16384
)

func newRecent() *recent {
	return &recent{decoded: map[schemas.Digest]*schemas.Invoice{}, stored: map[string]struct{}{}}
}

// keep remembers a decoded document; nobody may change it from then on.
func (r *recent) keep(doc schemas.Document, inv *schemas.Invoice) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decoded[doc.Digest] = inv
	r.order = append(r.order, doc.Digest)
	for len(r.order) > maxDecoded {
		delete(r.decoded, r.order[0])
		r.order = r.order[1:]
	}
}

// take answers a document's invoice and forgets it.
func (r *recent) take(doc schemas.Document) (*schemas.Invoice, error) {
	r.mu.Lock()
	inv, ok := r.decoded[doc.Digest]
	delete(r.decoded, doc.Digest)
	r.mu.Unlock()
	if ok {
		return inv, nil
	}
	return decode(doc)
}

// knows reports whether the parties and items of an invoice are stored for
// certain.
func (r *recent) knows(party domain.PartyID, items []domain.ItemID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.stored[string(party)]; party != "" && !ok {
		return false
	}
	for _, id := range items {
		if _, ok := r.stored[string(id)]; !ok {
			return false
		}
	}
	return true
}

// learn notes that they are: the invoice they came with has been read back.
func (r *recent) learn(party domain.PartyID, items []domain.ItemID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.stored)+len(items) >= maxStored {
		clear(r.stored)
	}
	r.stored[string(party)] = struct{}{}
	for _, id := range items {
		r.stored[string(id)] = struct{}{}
	}
}

func itemsOf(env domain.EnvironmentID, inv *schemas.Invoice) []domain.ItemID {
	out := make([]domain.ItemID, len(inv.InvoiceLine))
	for i := range inv.InvoiceLine {
		out[i] = ItemOf(env, &inv.InvoiceLine[i])
	}
	return out
}
