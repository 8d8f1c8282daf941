package main

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/webhook"
)

// paymentReceiver takes the events of payments that have ended.
type paymentReceiver struct {
	*benchBook
	url     string
	server  *http.Server
	secret  string
	payouts *paymentPayouts

	mu      sync.Mutex
	settled []time.Duration // since the create was due
	ours    []time.Duration // of these, what the payer did not take
	ended   map[string]int  // how those that did not succeed ended, by type and status
}

func newPaymentReceiver(s *benchPayments) (r *paymentReceiver, err error) {
	r = &paymentReceiver{benchBook: newBenchBook(), ended: map[string]int{}}
	r.payouts = newPaymentPayouts(s, r.benchBook)
	r.server, r.url, err = serveLoopback(r.take)
	return r, err
}

func (r *paymentReceiver) close() {
	if r.server != nil {
		_ = r.server.Close()
	}
	r.payouts.close()
}

// paymentEvent is what the receiver reads of one.
type paymentEvent struct {
	ID   string `json:"eventId"`
	Kind string `json:"event"`
	Data struct {
		ID          string    `json:"tx_id"`
		Type        string    `json:"type"`
		Parent      string    `json:"parent_tx_id"`
		OrderRef    string    `json:"order_ref"`
		Status      string    `json:"status"`
		CompletedAt time.Time `json:"completed_at"`
		Raw         struct {
			Latency int64 `json:"_latencyMs"` // how long the simulated payer took
		} `json:"raw"`
	} `json:"data"`
}

// name is what its callback is expected as.
func (e *paymentEvent) name() string {
	if e.Kind == schemas.EventPaymentRefunded {
		return refundName(e.Data.Parent)
	}
	return e.Data.OrderRef
}

func (r *paymentReceiver) take(w http.ResponseWriter, req *http.Request) {
	now := time.Now()
	body, err := io.ReadAll(req.Body)
	w.WriteHeader(http.StatusOK)
	var e paymentEvent
	if err != nil || json.Unmarshal(body, &e) != nil {
		r.spoiled()
		return
	}
	r.note(&e)
	r.arrive(e.name(), e.ID, now, func() error {
		return webhook.Verify([]string{r.secret}, req.Header, body, now, webhook.DefaultTolerance)
	})
}

// note keeps how a payment ended, before the book forgets when it was due.
func (r *paymentReceiver) note(e *paymentEvent) {
	due, open := r.waits(e.name())
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case !open:
	case e.Data.Status != string(schemas.PaymentSuccess):
		r.ended[e.Data.Type+" "+e.Data.Status]++
	case e.Kind == schemas.EventPaymentCompleted:
		if due.measured {
			took := e.Data.CompletedAt.Sub(due.at)
			r.settled = append(r.settled, took)
			r.ours = append(r.ours, took-time.Duration(e.Data.Raw.Latency)*time.Millisecond)
		}
		r.payouts.after(e.Data.ID, e.Data.OrderRef)
	}
}
