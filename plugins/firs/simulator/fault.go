package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The kinds of Fault.
const (
	// FaultBusy answers the body that duplicate and busy share; nothing happens.
	FaultBusy = "busy"
	// FaultBusyRegistered acts, then answers as if busy: a lost success.
	FaultBusyRegistered = "busy_registered"
	// FaultTimeoutRegistered acts and never answers.
	FaultTimeoutRegistered = "timeout_registered"
	// FaultDropRegistered acts, then closes the connection without an answer.
	FaultDropRegistered = "drop_registered"
	// FaultDrop closes the connection; nothing happens.
	FaultDrop = "drop"
	// FaultHang never answers; nothing happens.
	FaultHang = "hang"
	// FaultSlow acts and answers after Fault.DelayMillis, even when the client
	// has left by then.
	FaultSlow = "slow"
	// FaultStatus answers with Fault.Status (429, 500, 503 ...) and does nothing.
	FaultStatus = "status"

	// The webhook faults act on transmit alone.

	FaultWebhookTwice     = "webhook_twice"
	FaultWebhookReordered = "webhook_reordered"
	// FaultWebhookEarly sends the notifications before transmit is answered.
	FaultWebhookEarly = "webhook_early"
	FaultWebhookNever = "webhook_never"
)

// defaultSlow is beyond the time-outs seen in public clients.
const defaultSlow = 35 * time.Second

// Fault makes calls go wrong.
type Fault struct {
	Kind string `json:"kind"`
	// Operation defaults to sign, for the webhook kinds to transmit; "*" is any.
	Operation string `json:"operation,omitempty"`
	// Prefix of the IRN; empty matches all.
	Prefix string `json:"prefix,omitempty"`
	// Times is how many calls for one IRN it hits; 0 is all.
	Times int `json:"times,omitempty"`
	// Status and RetryAfterSeconds of FaultStatus; default 500 and none.
	Status            int `json:"status,omitempty"`
	RetryAfterSeconds int `json:"retryAfterSeconds,omitempty"`
	// DelayMillis of FaultSlow; default 35000.
	DelayMillis int64 `json:"delayMillis,omitempty"`
}

// armedFault is a Fault with its count of hits by IRN.
type armedFault struct {
	Fault
	hits map[string]int
}

// standing faults work without a control call: post an invoice whose number
// begins with one of these prefixes. Choice: the prefixes.
func standing() []Fault {
	return []Fault{
		{Kind: FaultBusy, Prefix: "SIMBUSY", Times: 2},
		{Kind: FaultBusyRegistered, Prefix: "SIMLOST", Times: 1},
		{Kind: FaultTimeoutRegistered, Prefix: "SIMTIMEOUT", Times: 1},
		{Kind: FaultDropRegistered, Prefix: "SIMDROP", Times: 1},
		{Kind: FaultHang, Prefix: "SIMHANG", Times: 1},
		{Kind: FaultStatus, Prefix: "SIM500", Times: 1, Status: http.StatusInternalServerError},
		{Kind: FaultStatus, Prefix: "SIM503", Times: 1, Status: http.StatusServiceUnavailable},
		{Kind: FaultStatus, Prefix: "SIM429", Times: 1, Status: http.StatusTooManyRequests, RetryAfterSeconds: 1},
		{Kind: FaultSlow, Prefix: "SIMSLOW", Times: 1},
		{Kind: FaultWebhookTwice, Prefix: "SIMHOOKTWICE"},
		{Kind: FaultWebhookReordered, Prefix: "SIMHOOKORDER"},
		{Kind: FaultWebhookEarly, Prefix: "SIMHOOKEARLY"},
		{Kind: FaultWebhookNever, Prefix: "SIMHOOKNEVER"},
	}
}

// Inject adds faults; the newest that fits a call wins.
func (s *Simulator) Inject(faults ...Fault) error {
	for _, f := range faults {
		if !slices.Contains(kinds(), f.Kind) {
			return fmt.Errorf("kind: %q is no fault; use one of %s", f.Kind, strings.Join(kinds(), ", "))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, armAll(faults)...)
	return nil
}

// Heal removes all injected faults.
func (s *Simulator) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func kinds() []string {
	return []string{
		FaultBusy, FaultBusyRegistered, FaultTimeoutRegistered, FaultDropRegistered, FaultDrop,
		FaultHang, FaultSlow, FaultStatus,
		FaultWebhookTwice, FaultWebhookReordered, FaultWebhookEarly, FaultWebhookNever,
	}
}

func arm(f Fault) *armedFault {
	if f.Operation == "" {
		f.Operation = opSign
		if strings.HasPrefix(f.Kind, "webhook_") {
			f.Operation = opTransmit
		}
	}
	if f.Status == 0 {
		f.Status = http.StatusInternalServerError
	}
	if f.DelayMillis == 0 {
		f.DelayMillis = defaultSlow.Milliseconds()
	}
	return &armedFault{Fault: f, hits: map[string]int{}}
}

func armAll(faults []Fault) []*armedFault {
	armed := make([]*armedFault, 0, len(faults))
	for _, f := range faults {
		armed = append(armed, arm(f))
	}
	return armed
}

// dueFault picks the fault for a call; the caller holds s.mu.
func (s *Simulator) dueFault(rq *request) *Fault {
	for _, f := range slices.Backward(s.faults) {
		if f.hit(rq.op.name, rq.irn) {
			return &f.Fault
		}
	}
	if !strings.HasPrefix(rq.irn, "SIM") {
		return nil
	}
	for _, f := range s.standing {
		if f.hit(rq.op.name, rq.irn) {
			return &f.Fault
		}
	}
	return nil
}

func (f *armedFault) hit(operation, irn string) bool {
	if f.Operation != "*" && f.Operation != operation || !strings.HasPrefix(irn, f.Prefix) {
		return false
	}
	if f.Times > 0 && f.hits[irn] >= f.Times {
		return false
	}
	if f.Times > 0 {
		f.hits[irn]++
	}
	return true
}
