package main

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// paymentPayouts refunds one settled collection in so many, and pays out to its
// payer beside it. Their events are expected in the book, in no figure.
type paymentPayouts struct {
	system *benchPayments
	book   *benchBook
	every  int
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
	places chan struct{}

	mu     sync.Mutex
	seen   int
	made   int
	failed map[string]int
}

// payoutsAtOnce are under way; a payout's answer waits for the operator.
const payoutsAtOnce = 256

func newPaymentPayouts(s *benchPayments, book *benchBook) *paymentPayouts {
	p := &paymentPayouts{system: s, book: book, every: s.cmd.Payouts, places: make(chan struct{}, payoutsAtOnce), failed: map[string]int{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

func (p *paymentPayouts) close() {
	p.cancel()
	p.group.Wait()
}

func refundName(collection string) string { return "refund of " + collection }

// after makes the payouts of a settled collection, if it is its turn. They are
// expected before the collection's own event is ticked off, so that nobody takes
// the book for complete meanwhile.
func (p *paymentPayouts) after(id, reference string) {
	if p.every == 0 {
		return
	}
	p.mu.Lock()
	p.seen++
	turn := p.seen%p.every == 0
	p.mu.Unlock()
	if !turn {
		return
	}
	p.make(refundName(id), "/v1/payments/"+id+"/refund", map[string]any{"reference": reference + "R"})
	p.make(reference+"D", "/v1/disbursements", map[string]any{
		"amount": 1_000, "currency": "XOF", "msisdn": payer(0), "reference": reference + "D", "application": benchStore, "scenario": "success",
	})
}

func (p *paymentPayouts) make(name, path string, body map[string]any) {
	p.book.expect([]string{name}, time.Now(), false)
	p.group.Go(func() {
		p.places <- struct{}{}
		defer func() { <-p.places }()
		var made struct {
			Status schemas.PaymentStatus `json:"status"`
		}
		err := p.system.api().do(p.ctx, http.MethodPost, path, body, &made)
		p.mu.Lock()
		defer p.mu.Unlock()
		if err != nil {
			p.book.unexpect([]string{name})
			p.failed[err.Error()]++
			return
		}
		p.made++
	})
}

// counts are how many were accepted, and why others were not.
func (p *paymentPayouts) counts() (made int, failed map[string]int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.made, p.failed
}
