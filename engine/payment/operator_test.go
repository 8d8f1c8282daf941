package payment_test

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// operator answers calls from a script, by operation. Without one it takes every
// payment at once, and knows none of those that it is asked for. It counts what
// began.
type operator struct {
	mu      sync.Mutex
	effect  string
	lacks   string // an operation that it does not offer
	scripts map[string][]answer
	usual   map[string]answer // once a script has ended
	calls   map[string]int
	keys    map[string]map[string]bool
}

type answer func(domain.Call) domain.Outcome

func newOperator() *operator {
	return &operator{
		effect: "keyed", scripts: map[string][]answer{}, calls: map[string]int{}, keys: map[string]map[string]bool{},
		usual: map[string]answer{
			schemas.OpPaymentPrepare: prepares, schemas.OpPaymentCollect: says(schemas.PaymentSuccess), schemas.OpPaymentRefund: says(schemas.PaymentSuccess),
			schemas.OpPaymentDisburse: says(schemas.PaymentSuccess), schemas.OpPaymentLookup: looked(domain.LookupNotFound),
		},
	}
}

// Invoke implements pipeline.Connectors.
func (o *operator) Invoke(_ context.Context, c domain.Call) domain.Outcome {
	o.mu.Lock()
	o.calls[c.Operation]++
	if o.keys[c.Operation] == nil {
		o.keys[c.Operation] = map[string]bool{}
	}
	o.keys[c.Operation][c.Key] = true
	a := o.usual[c.Operation]
	if script := o.scripts[c.Operation]; len(script) > 0 {
		a, o.scripts[c.Operation] = script[0], script[1:]
	}
	o.mu.Unlock()
	return a(c)
}

// Manifest implements pipeline.Connectors.
func (o *operator) Manifest(string, domain.EnvironmentKind) (*schemas.Manifest, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	deadline := schemas.Duration(30 * time.Second)
	m := &schemas.Manifest{Name: "operator", Version: "1.0.0", Operations: []schemas.Operation{
		{Name: schemas.OpPaymentPrepare, Effect: "none", Deadline: deadline}, {Name: schemas.OpPaymentLookup, Effect: "none", Deadline: deadline},
	}}
	for _, name := range []string{schemas.OpPaymentCollect, schemas.OpPaymentRefund, schemas.OpPaymentDisburse} {
		if name != o.lacks {
			m.Operations = append(m.Operations, schemas.Operation{Name: name, Effect: o.effect, Deadline: deadline, SettlesAfter: deadline, Lookup: schemas.OpPaymentLookup})
		}
	}
	return m, true
}

// script puts answers before the usual one.
func (o *operator) script(operation string, answers ...answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.scripts[operation] = append(o.scripts[operation], answers...)
}

// always answers from now on.
func (o *operator) always(operation string, a answer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.usual[operation] = a
}

// lack takes an operation out of what it offers.
func (o *operator) lack(operation string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lacks = operation
}

// unkeyed makes it one that would move the money again.
func (o *operator) unkeyed() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.effect = "unkeyed"
}

func (o *operator) count(operation string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls[operation]
}

// distinct counts the idempotency keys under which an operation was asked for.
func (o *operator) distinct(operation string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.keys[operation])
}

// prepares gives every transaction a reference that follows from its id.
func prepares(c domain.Call) domain.Outcome {
	var in schemas.PaymentPrepareInput
	if err := json.Unmarshal(c.Parameters, &in); err != nil {
		return fails(domain.ClassInternal)(c)
	}
	return result(schemas.PaymentPrepareOutput{OperatorReference: "OP-" + in.Transaction})(c)
}

func says(status schemas.PaymentStatus) answer {
	return result(schemas.PaymentOutput{Status: status, ProviderTxID: "P-1", Raw: json.RawMessage(`{"told":true}`)})
}

func looked(l domain.Lookup) answer {
	return result(schemas.PaymentLookupOutput{Result: string(l)})
}

func found(status schemas.PaymentStatus) answer {
	return result(schemas.PaymentLookupOutput{Result: string(domain.LookupFoundFinal), Status: status, ProviderTxID: "P-1", Raw: json.RawMessage(`{"found":true}`)})
}

func result(v any) answer {
	return func(domain.Call) domain.Outcome {
		raw, err := json.Marshal(v)
		if err != nil {
			return domain.Outcome{Class: domain.ClassInternal, Error: &domain.ConnectorError{Class: domain.ClassInternal, Code: "script", Message: err.Error()}}
		}
		return domain.Outcome{Class: domain.ClassResult, Result: raw}
	}
}

func fails(class domain.Class) answer {
	return func(domain.Call) domain.Outcome {
		return domain.Outcome{Class: class, Error: &domain.ConnectorError{Class: class, Code: "scripted", Message: "as the script says"}}
	}
}

// then runs f before it answers.
func then(f func(), a answer) answer {
	return func(c domain.Call) domain.Outcome {
		f()
		return a(c)
	}
}
