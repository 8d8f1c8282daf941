package simnet

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The kinds of Fault.
const (
	// FaultSlow acts and answers after Fault.DelayMillis, even when the client
	// has left by then.
	FaultSlow = "slow"
	// FaultStatus answers with Fault.Status and does nothing.
	FaultStatus = "status"
	// FaultStatusAfter acts, then answers with Fault.Status all the same.
	FaultStatusAfter = "status_after"
	// FaultLost acts, then closes the connection without an answer.
	FaultLost = "lost"
	// FaultSilent acts and never answers.
	FaultSilent = "silent"
	// FaultDrop closes the connection; nothing happens.
	FaultDrop = "drop"
	// FaultHang never answers; nothing happens.
	FaultHang = "hang"

	// The faults of callbacks.

	FaultCallbackLate  = "callback_late"
	FaultCallbackLost  = "callback_lost"
	FaultCallbackTwice = "callback_twice"
	// FaultCallbackStale sends after the callback an older one, out of order.
	FaultCallbackStale = "callback_stale"
	// FaultCallbackForged sends, as soon as an order is taken, a callback that
	// claims its success.
	FaultCallbackForged = "callback_forged"
)

// The operations of callbacks, which no client asks for.
const (
	opCallback = "_callback"
	opForgery  = "_forgery"
)

// Fault makes things go wrong.
type Fault struct {
	Kind string `json:"kind"`
	// Operator, Operation and Reference bound it; empty: any. An operation is
	// one of a simulator's own, as in Counters.Requests.
	Operator  string `json:"operator,omitempty"`
	Operation string `json:"operation,omitempty"`
	Reference string `json:"reference,omitempty"`
	// Times is how often it hits; 0: always.
	Times int `json:"times,omitempty"`
	// Percent is how many of the calls that fit it hits, at random; 0: all.
	Percent int `json:"percent,omitempty"`
	// Status and RetryAfterSeconds of the status kinds. Default 500 and none.
	Status            int `json:"status,omitempty"`
	RetryAfterSeconds int `json:"retryAfterSeconds,omitempty"`
	// DelayMillis of slow (default 30000) and callback_late (default 20000).
	DelayMillis int64 `json:"delayMillis,omitempty"`
}

const (
	slowMillis = 30_000
	lateMillis = 20_000
	maxDelay   = 3_600_000
)

func kinds() []string {
	return []string{
		FaultSlow, FaultStatus, FaultStatusAfter, FaultLost, FaultSilent, FaultDrop, FaultHang,
		FaultCallbackLate, FaultCallbackLost, FaultCallbackTwice, FaultCallbackStale, FaultCallbackForged,
	}
}

func (f Fault) check() error {
	switch {
	case !slices.Contains(kinds(), f.Kind):
		return fmt.Errorf("kind: %q is no fault; use one of %s", f.Kind, strings.Join(kinds(), ", "))
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("status: it is %d; give 400 to 599", f.Status)
	case f.Percent < 0 || f.Percent > 100:
		return fmt.Errorf("percent: it is %d; give 1 to 100, or leave it out", f.Percent)
	case f.Times < 0 || f.DelayMillis < 0 || f.DelayMillis > maxDelay || f.RetryAfterSeconds < 0:
		return fmt.Errorf("times, delayMillis, retryAfterSeconds: give none below 0, and a delay of at most %d", maxDelay)
	}
	return nil
}

// operation is where a fault of a kind bites.
func (f Fault) operation() string {
	switch {
	case f.Kind == FaultCallbackForged:
		return opForgery
	case strings.HasPrefix(f.Kind, "callback_"):
		return opCallback
	}
	return f.Operation
}

func (f Fault) delay() time.Duration {
	millis := f.DelayMillis
	switch {
	case millis == 0 && f.Kind == FaultCallbackLate:
		millis = lateMillis
	case millis == 0:
		millis = slowMillis
	}
	return time.Duration(millis) * time.Millisecond
}

func (f Fault) status() int {
	if f.Status == 0 {
		return http.StatusInternalServerError
	}
	return f.Status
}

// armedFault is a Fault with its hits.
type armedFault struct {
	Fault
	hits int
}

// Inject adds faults; the newest that fits wins.
func (n *Network) Inject(faults ...Fault) error {
	for _, f := range faults {
		if err := f.check(); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.faults)+len(faults) > maxFaults {
		return fmt.Errorf("faults: there would be more than %d; heal the network first", maxFaults)
	}
	for _, f := range faults {
		n.faults = append(n.faults, &armedFault{Fault: f})
	}
	return nil
}

// Heal removes all faults.
func (n *Network) Heal() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults = nil
}

// Faults lists those that may still hit.
func (n *Network) Faults() []Fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := []Fault{}
	for _, f := range n.faults {
		if f.Times == 0 || f.hits < f.Times {
			list = append(list, f.Fault)
		}
	}
	return list
}

// Call is what a fault is held against.
type Call struct{ Operator, Operation, Reference string }

// dueFault picks the fault for a call; the caller holds the lock.
func (n *Network) dueFault(c Call) *Fault {
	for _, f := range slices.Backward(n.faults) {
		if f.fits(c) && (f.Percent == 0 || n.random.IntN(100) < f.Percent) {
			f.hits++
			return &f.Fault
		}
	}
	return nil
}

func (f *armedFault) fits(c Call) bool {
	hidden := c.Operation == opCallback || c.Operation == opForgery
	at := f.operation()
	return (f.Times == 0 || f.hits < f.Times) &&
		(f.Operator == "" || f.Operator == c.Operator) &&
		(at == c.Operation || at == "" && !hidden) &&
		(f.Reference == "" || f.Reference == c.Reference)
}
