package simnettest

import (
	"encoding/json"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// Want holds a result to the letter.
func (c *Connection) Want(t testing.TB, operation string, parameters any, result string) {
	t.Helper()
	got, failure := c.Invoke(t, operation, parameters)
	if failure != nil || got != result {
		t.Fatalf("%s answered %s, %v; want %s", operation, got, failure, result)
	}
}

// WantError holds the class and the code of an error.
func (c *Connection) WantError(t testing.TB, operation string, parameters any, class connectorpb.Class, code string) *connectorpb.Error {
	t.Helper()
	got, failure := c.Invoke(t, operation, parameters)
	if failure.GetClass() != class || failure.GetCode() != code {
		t.Fatalf("%s answered %s, %v; want %s %s", operation, got, failure, class, code)
	}
	return failure
}

// Pay moves money and gives the answer, of the status that is wanted.
func (c *Connection) Pay(t testing.TB, operation string, parameters any, want schemas.PaymentStatus) schemas.PaymentOutput {
	t.Helper()
	got, failure := c.Invoke(t, operation, parameters)
	out := Read[schemas.PaymentOutput](t, operation, got, failure)
	if out.Status != want {
		t.Fatalf("%s answered %s, want %s", operation, got, want)
	}
	return out
}

// Lookup is a look-up's answer.
func (c *Connection) Lookup(t testing.TB, in schemas.PaymentLookupInput) schemas.PaymentLookupOutput {
	t.Helper()
	got, failure := c.Invoke(t, schemas.OpPaymentLookup, in)
	return Read[schemas.PaymentLookupOutput](t, schemas.OpPaymentLookup, got, failure)
}

// Read decodes what Invoke gave for an operation: no failure, and a result that
// is valid against its schema.
func Read[T any](t testing.TB, operation, got string, failure *connectorpb.Error) (out T) {
	t.Helper()
	if failure != nil {
		t.Fatalf("%s: %v", operation, failure)
	}
	if err := schemas.Validate(schemas.OperationOutput(operation), []byte(got)); err != nil {
		t.Fatalf("%s answered %s: %v", operation, got, err)
	}
	if err := json.Unmarshal([]byte(got), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
