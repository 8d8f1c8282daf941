//go:build linux

package chaostest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	store      = "zana" // what payments are for
	phonePause = time.Second
)

// fund makes collections that succeed, so that there is something to give back
// and to pay out of.
func (w *paymentWorld) fund(collections int) {
	w.t.Helper()
	for i := range collections {
		reference := fmt.Sprintf("F%05d", i)
		w.posting.Go(func() {
			w.insist("payment "+reference, func() error {
				id, err := w.ask("/v1/payments", map[string]any{
					"amount": 5000, "currency": "XOF", "msisdn": owner(i % people), "reference": reference, "application": store, "scenario": "success",
				})
				if err == nil {
					w.note(reference, id)
				}
				return err
			})
		})
	}
	w.posting.Wait()
	w.eventually(time.Minute, "the float is there", func() bool {
		return w.number(`SELECT COUNT(*) FROM payment WHERE status = 'SUCCESS'`) == collections
	})
}

// scripted are scenarios in which the operator says no, each in its own way: in
// two of them it does not even take the order.
var scripted = []string{"pin_invalid", "low_balance", "blocked", "unknown_msisdn", "limit_exceeded", "maintenance", "duplicate"}

// errRefused is an answer that stores nothing: there was too little left, or the
// collection has not succeeded.
var errRefused = errors.New("refused for good")

// feed submits payments of all kinds from several callers up to the n-th that is
// too many, and returns when each was accepted.
func (w *paymentWorld) feed(seed uint64, callers int, enough func(n int64) bool) {
	var group sync.WaitGroup
	var last atomic.Int64
	for caller := range callers {
		random := rand.New(rand.NewPCG(seed, uint64(caller)))
		group.Go(func() {
			for n := last.Add(1); !enough(n) && w.t.Context().Err() == nil; n = last.Add(1) {
				w.pay(random, n)
			}
		})
	}
	group.Wait()
}

// pay makes the n-th payment: six of ten are collections, two refunds, two
// payouts. A refund that is refused becomes a collection.
func (w *paymentWorld) pay(random *rand.Rand, n int64) {
	reference := fmt.Sprintf("P%05d", n)
	switch kind := n % 5; {
	case kind == 1 && w.refund(random, reference):
	case kind == 3:
		w.transact(random, reference, "/v1/disbursements", w.asked(random, reference, 1+random.Int64N(300)))
	default:
		body := w.asked(random, reference, 100+random.Int64N(5000))
		if random.IntN(8) == 0 {
			body["scenario"] = scripted[random.IntN(len(scripted))]
		}
		w.transact(random, reference, "/v1/payments", body)
	}
}

// asked is a request about one of the people, or one who cannot.
func (w *paymentWorld) asked(random *rand.Rand, reference string, amount int64) map[string]any {
	number := owner(random.IntN(people))
	switch random.IntN(40) {
	case 0:
		number = poor
	case 1:
		number = locked
	case 2:
		number = nobody
	}
	return map[string]any{"amount": amount, "currency": "XOF", "msisdn": number, "reference": reference, "application": store}
}

// refund gives back a part or all of some payment, and reports whether that was
// taken: it may be none to refund, and others may have taken all that was left.
func (w *paymentWorld) refund(random *rand.Rand, reference string) bool {
	// Among the oldest, which have ended; among few, so that refunds of one
	// collection meet.
	all := slices.Sorted(maps.Keys(w.acceptedIDs()))
	of := all[random.IntN(1+len(all)/4)]
	body := map[string]any{"reference": reference}
	if random.IntN(3) > 0 {
		body["amount"] = 1 + random.Int64N(3000)
	}
	return w.transact(random, reference, "/v1/payments/"+of+"/refund", body)
}

// transact submits one request until it is answered, some of them twice at once:
// a reference is one transaction. It reports whether it was accepted.
func (w *paymentWorld) transact(random *rand.Rand, reference, path string, body map[string]any) bool {
	var group sync.WaitGroup
	times := 1
	if random.IntN(8) == 0 {
		times = 2
	}
	ids := make([]string, times)
	for i := range times {
		group.Go(func() {
			w.insist("payment "+reference, func() (err error) {
				if ids[i], err = w.ask(path, body); errors.Is(err, errRefused) {
					return nil
				}
				return err
			})
		})
	}
	group.Wait()
	// A collection may succeed between the two, so that one is refused.
	ids = slices.Compact(slices.DeleteFunc(ids, func(id string) bool { return id == "" }))
	if len(ids) > 1 {
		w.t.Errorf("%s %s made two transactions: %v", path, reference, ids)
	}
	if len(ids) == 0 {
		return false
	}
	w.note(reference, ids[0])
	return true
}

// note keeps what was accepted.
func (w *paymentWorld) note(reference, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.accepted[reference] = id
}

// ask makes one request of the payments API and answers the transaction's id.
func (w *paymentWorld) ask(path string, body map[string]any) (string, error) {
	var answer struct {
		Payment string `json:"id"`
		Payout  string `json:"tx_id"`
	}
	status, err := w.call(w.key, http.MethodPost, path, "", body, &answer)
	id := answer.Payment + answer.Payout
	switch status {
	case http.StatusUnprocessableEntity:
		return "", fmt.Errorf("%w: %w", errRefused, err)
	case http.StatusCreated, http.StatusOK: // new, or known already
		status = http.StatusAccepted
	}
	return id, verdict(status, id, err)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
