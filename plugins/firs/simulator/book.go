package simulator

import (
	"encoding/json"
	"time"
)

const defaultKeepBodies = 5000

// record is a registered invoice.
type record struct {
	irn, business             string
	issueDate, dueDate        string
	typeCode, kind            string
	currency, taxCurrency     string
	paymentStatus, reference  string
	customerTIN, customerName string
	totals                    totals
	signedAt                  time.Time
	transmission              string          // "", TRANSMITTING, TRANSMITTED, ACKNOWLEDGED, FAILED
	body                      json.RawMessage // nil once too old
}

// reference is all that is known of one IRN: what was asked about it and, once
// signed, what it stands for. Guarded by Simulator.mu.
type reference struct {
	asked  Asked
	record *record // nil: not registered

	// open counts the sign requests in flight; settled is whether the client
	// knows what became of the last one. See Counters.Violations.
	open    int
	settled bool
}

// book holds the references and the registered invoices of each business.
type book struct {
	references map[string]*reference
	byBusiness map[string][]*record
	parties    map[string][]party
	reports    map[string][]map[string]string // of sales to consumers, by IRN
	// bodies is a ring of the records that still have their body.
	bodies []*record
	next   int
}

func newBook(keepBodies int) book {
	if keepBodies <= 0 {
		keepBodies = defaultKeepBodies
	}
	return book{
		references: map[string]*reference{}, byBusiness: map[string][]*record{},
		parties: map[string][]party{},
		reports: map[string][]map[string]string{}, bodies: make([]*record, keepBodies),
	}
}

// at answers the reference of irn, made at the first question about it.
func (b *book) at(irn string) *reference {
	ref, found := b.references[irn]
	if !found {
		ref = &reference{}
		b.references[irn] = ref
	}
	return ref
}

// record answers the registered invoice of irn, or nil.
func (b *book) record(irn string) *record {
	if ref, found := b.references[irn]; found {
		return ref.record
	}
	return nil
}

// register stores r as what its IRN stands for. A second registration, which
// only a missing duplicate guard lets through, replaces the first.
func (b *book) register(r *record) {
	ref := b.at(r.irn)
	ref.asked.Registered++
	if ref.record != nil {
		*ref.record = *r
		return
	}
	ref.record = r
	b.byBusiness[r.business] = append(b.byBusiness[r.business], r)
	if old := b.bodies[b.next]; old != nil {
		old.body = nil
	}
	b.bodies[b.next] = r
	b.next = (b.next + 1) % len(b.bodies)
}
