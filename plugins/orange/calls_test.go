package main

import (
	"encoding/json"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func (b *bench) invoke(t testing.TB, operation string, parameters any) (string, *connectorpb.Error) {
	t.Helper()
	in, err := json.Marshal(parameters)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.client.Invoke(t.Context(), &connectorpb.InvokeRequest{
		Connection: b.connection(t), Operation: operation, Key: "key-1", MessageId: "msg_1", Parameters: in, State: b.kept(),
	})
	if err != nil {
		t.Fatalf("invoke %s: %v", operation, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if answer.State != nil {
		b.state = answer.State
	}
	if u := answer.GetCredentialUpdate(); u != nil && u.BasedOnVersion == b.version {
		b.credential, b.version = u.Credential, b.version+1
	}
	return string(answer.GetResult()), answer.GetError()
}

// kept is the state that the last call left.
func (b *bench) kept() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// want holds a result, which a standard operation's schema must take.
func (b *bench) want(t testing.TB, operation string, parameters any, result string) {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters)
	if failure != nil || got != result {
		t.Fatalf("%s answered %s, %v; want %s", operation, got, failure, result)
	}
}

func (b *bench) wantError(t testing.TB, operation string, parameters any, class connectorpb.Class, code string) *connectorpb.Error {
	t.Helper()
	got, failure := b.invoke(t, operation, parameters)
	if failure.GetClass() != class || failure.GetCode() != code {
		t.Fatalf("%s answered %s, %v; want %s %s", operation, got, failure, class, code)
	}
	return failure
}

// collect sends a payment and answers what came, valid against its schema.
func (b *bench) collect(t testing.TB, in schemas.PaymentInput) schemas.PaymentOutput {
	t.Helper()
	got, failure := b.invoke(t, schemas.OpPaymentCollect, in)
	if failure != nil {
		t.Fatalf("collect: %v", failure)
	}
	return read[schemas.PaymentOutput](t, schemas.OpPaymentCollect, got)
}

// find is a look-up's answer, valid against its schema.
func (b *bench) find(t testing.TB) schemas.PaymentLookupOutput {
	t.Helper()
	got, failure := b.invoke(t, schemas.OpPaymentLookup, lookup(reference))
	if failure != nil {
		t.Fatalf("look-up: %v", failure)
	}
	return read[schemas.PaymentLookupOutput](t, schemas.OpPaymentLookup, got)
}

func read[T any](t testing.TB, operation, got string) (out T) {
	t.Helper()
	if err := schemas.Validate(schemas.OperationOutput(operation), []byte(got)); err != nil {
		t.Fatalf("%s answered %s: %v", operation, got, err)
	}
	if err := json.Unmarshal([]byte(got), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// check tests the connection; nil when it passes.
func (b *bench) check(t testing.TB) *connectorpb.Error {
	t.Helper()
	answer, err := b.client.Check(t.Context(), &connectorpb.CheckRequest{Connection: b.connection(t)})
	if err != nil || answer.GetConnectionUnknown() {
		t.Fatalf("check: %v, %v", answer, err)
	}
	return answer.GetError()
}
