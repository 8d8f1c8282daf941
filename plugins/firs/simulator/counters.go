package simulator

import (
	"maps"
	"slices"
)

// Counters say what the simulator was asked since its start or the last reset.
type Counters struct {
	// Requests by operation, refused ones included.
	Requests map[string]int64 `json:"requests"`
	// References is how many different IRNs were ever named.
	References int `json:"references"`
	// Registered counts successful registrations, Duplicates those of an IRN
	// that was registered already: the harm that a missing duplicate guard lets
	// through.
	Registered int64 `json:"registered"`
	Duplicates int64 `json:"duplicates"`
	// Violations counts sign requests on a doubt: a sign request for an IRN
	// for which an earlier one was received, unless since the end of that
	// earlier one either
	//
	//   - its own definite answer was delivered in whole: 2xx or 4xx, save for
	//     the body that duplicate and busy share, which settles nothing; or
	//   - a confirm or a search by that IRN began, and a 2xx or 4xx answer to
	//     it was delivered.
	//
	// A request ends when its answer is written or when its client is gone,
	// whichever comes first; two in flight at once are always a violation.
	Violations int64 `json:"violations"`
	// Violators lists the IRNs of the first 100 violations.
	Violators []string `json:"violators"`
	// Webhooks counts the notifications that a receiver answered with 2xx,
	// WebhooksFailed all others.
	Webhooks       int64 `json:"webhooks"`
	WebhooksFailed int64 `json:"webhooksFailed"`
	// Stamps counts QR texts handed in for checking, StampsOpened those that
	// were decrypted, StampsBad those that did not open or did not fit.
	Stamps       int64 `json:"stamps"`
	StampsOpened int64 `json:"stampsOpened"`
	StampsBad    int64 `json:"stampsBad"`
}

// Asked says how often one IRN was named by operation.
type Asked struct {
	Validates  int64 `json:"validates"`
	Signs      int64 `json:"signs"`
	Confirms   int64 `json:"confirms"`
	Searches   int64 `json:"searches"`
	Transmits  int64 `json:"transmits"`
	Updates    int64 `json:"updates"`
	Registered int64 `json:"registered"`
	Violations int64 `json:"violations"`
}

const maxViolators = 100

func newCounters() Counters { return Counters{Requests: map[string]int64{}} }

// Counters answers a copy.
func (s *Simulator) Counters() Counters {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.tally
	c.Requests = maps.Clone(c.Requests)
	c.Violators = append([]string{}, c.Violators...)
	c.References = len(s.book.references)
	return c
}

// Asked answers what was asked about one IRN, and whether anything was.
func (s *Simulator) Asked(irn string) (Asked, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ref, found := s.book.references[irn]
	if !found {
		return Asked{}, false
	}
	return ref.asked, true
}

// Reset forgets invoices, faults and counters; businesses and keys stay.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book = newBook(len(s.book.bodies))
	s.faults = nil
	s.standing = armAll(standing())
	s.tally = newCounters()
}

func (a *Asked) count(operation string) {
	switch operation {
	case opValidate:
		a.Validates++
	case opSign:
		a.Signs++
	case opConfirm:
		a.Confirms++
	case opSearch:
		a.Searches++
	case opTransmit:
		a.Transmits++
	case opUpdate:
		a.Updates++
	}
}

// Reports answers the reports of sales to consumers about one IRN.
func (s *Simulator) Reports(irn string) []map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.book.reports[irn])
}
