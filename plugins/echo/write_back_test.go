package main

import (
	"testing"

	"github.com/afara-dev/afara/plugins/echo/simulator"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

const noted = `{"operation":"invoice.write_back","target":"account/42","irn":"` + irn + `","issueDate":"2026-11-23","total":{"payable":532125,"taxExclusive":495000,"currency":"NGN"}}`

// found asks what became of the note.
func (b *bench) found(t *testing.T) string {
	t.Helper()
	result, e := b.invoke(t, "invoice.lookup", noted)
	if e != nil {
		t.Fatal(e)
	}
	return result
}

func TestANoteIsWrittenAndFound(t *testing.T) {
	b := setup(t)
	if got := b.found(t); got != `{"result":"not_found"}` {
		t.Errorf("before: %s", got)
	}
	for _, status := range []string{"COMPLETED", "CANCELLED"} {
		if _, e := b.invoke(t, "invoice.write_back", `{"target":"account/42","status":"`+status+`","irn":"`+irn+`","paymentStatus":"PAID"}`); e != nil {
			t.Fatal(e)
		}
	}
	want := simulator.Note{Key: "key-1", Status: "CANCELLED", IRN: irn, PaymentStatus: "PAID"}
	if got, times := b.registry.Note("account/42"); got != want || times != 2 {
		t.Errorf("noted %+v, %d times", got, times)
	}
	if got := b.found(t); got != `{"result":"found_final"}` {
		t.Errorf("after: %s", got)
	}
}

func TestALostAnswerToANoteIsADoubt(t *testing.T) {
	b := setup(t)
	b.registry.SetFaults(simulator.Faults{LoseAnswer: true})
	if _, e := b.invoke(t, "invoice.write_back", `{"target":"account/42","status":"COMPLETED"}`); e.GetClass() != connectorpb.Class_CLASS_UNKNOWN_OUTCOME {
		t.Errorf("%v", e)
	}
	if got := b.found(t); got != `{"result":"found_final"}` {
		t.Errorf("looked up: %s", got)
	}
}
