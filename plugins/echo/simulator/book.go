package simulator

import (
	"maps"
	"slices"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// Document is a registered document.
type Document struct {
	Reference    string          `json:"reference"`
	IssueDate    string          `json:"issueDate"`
	Currency     string          `json:"currency"`
	Payable      schemas.Decimal `json:"payable"`
	TaxExclusive schemas.Decimal `json:"taxExclusive"`
	Number       int64           `json:"number"`
	RegisteredAt string          `json:"registeredAt"`
}

// Counters tell what the registry was asked.
type Counters struct {
	// Requests is all of them.
	Requests int64 `json:"requests"`
	// Violations counts registrations that were repeated on a doubt: another
	// request to register a reference although the one before had not been
	// answered definitely and no look-up of it was answered since.
	Violations int64 `json:"violations"`
	// Registered is how many documents there are.
	Registered int64 `json:"registered"`
	// References counts by reference.
	References map[string]Asked `json:"references"`
}

// Asked is what was asked about one reference.
type Asked struct {
	Registrations int64 `json:"registrations"` // requests to register
	Effects       int64 `json:"effects"`       // of which registered
	Lookups       int64 `json:"lookups"`
}

// book is the state. Simulator.mu guards it.
type book struct {
	byReference map[string]Document
	byNumber    []string // the reference of document number i+1
	asked       map[string]*history
	notes       map[string][]Note // by record, all of them
	requests    int64
	violations  int64
}

// history is what was asked about a reference, and whether its last registration
// leaves the client in doubt.
type history struct {
	Asked
	doubt bool
}

func newBook() book {
	return book{byReference: map[string]Document{}, asked: map[string]*history{}, notes: map[string][]Note{}}
}

func (b *book) of(reference string) *history {
	h, ok := b.asked[reference]
	if !ok {
		h = &history{}
		b.asked[reference] = h
	}
	return h
}

// asks counts a request to register. Until a definite answer is out, the client
// is in doubt.
func (b *book) asks(reference string) {
	h := b.of(reference)
	h.Registrations++
	if h.doubt {
		b.violations++
	}
	h.doubt = true
}

// settles says that the client now knows what became of its registration.
func (b *book) settles(reference string) { b.of(reference).doubt = false }

// add registers d; false when the reference is taken and guarded.
func (b *book) add(d Document, guard bool, at time.Time) (Document, bool) {
	old, taken := b.byReference[d.Reference]
	if taken && guard {
		return old, false
	}
	b.of(d.Reference).Effects++
	d.RegisteredAt = at.UTC().Format(time.RFC3339)
	d.Number = old.Number
	if !taken {
		b.byNumber = append(b.byNumber, d.Reference)
		d.Number = int64(len(b.byNumber))
	}
	b.byReference[d.Reference] = d
	return d, true
}

// after gives at most limit documents with a number above after.
func (b *book) after(after int64, limit int) (found []Document, remaining int64) {
	first := min(max(after, 0), int64(len(b.byNumber)))
	last := min(first+int64(limit), int64(len(b.byNumber)))
	for _, reference := range b.byNumber[first:last] {
		found = append(found, b.byReference[reference])
	}
	return found, int64(len(b.byNumber)) - last
}

// Counters gives a copy of what was counted so far.
func (s *Simulator) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Counters{
		Requests: s.book.requests, Violations: s.book.violations,
		Registered: int64(len(s.book.byReference)), References: make(map[string]Asked, len(s.book.asked)),
	}
	for reference, h := range s.book.asked {
		c.References[reference] = h.Asked
	}
	return c
}

// References lists the registered references, sorted.
func (s *Simulator) References() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.book.byReference))
}
