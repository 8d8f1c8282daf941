package schemas_test

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/schemas/schematest"
)

// dataOf is the data of an event, byte for byte.
func dataOf(t testing.TB, event []byte) []byte {
	t.Helper()
	var e schemas.Event
	if err := json.Unmarshal(event, &e); err != nil {
		t.Fatal(err)
	}
	return e.Data
}

func typeOf(name string) string {
	if _, after, cut := strings.Cut(name, "@"); cut {
		return after
	}
	return name
}

func TestTheDataOfEveryValidEventIsAccepted(t *testing.T) {
	t.Parallel()
	for name, event := range examples(t, "events") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := schemas.ValidateEventData(typeOf(name), dataOf(t, event)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestTheDataOfAnInvalidEventIsRefusedForTheSame wants the faults of the whole
// event again, with pointers that begin at the data.
func TestTheDataOfAnInvalidEventIsRefusedForTheSame(t *testing.T) {
	t.Parallel()
	for _, c := range schematest.Load(t, filepath.Join(testdata, "invalid", "events")) {
		if !json.Valid(c.Body) || !strings.HasPrefix(c.Expect[0].Pointer, "/data/") {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			for i := range c.Expect {
				c.Expect[i].Pointer = strings.TrimPrefix(c.Expect[i].Pointer, "/data")
			}
			refusal := refused(t, schemas.ValidateEventData(typeOf(c.Name), dataOf(t, c.Body)))
			if wantFaults(t, refusal.Violations, c.Expect); refusal.Schema != schemas.EventType(typeOf(c.Name)) {
				t.Errorf("the refusal names %s", refusal.Schema)
			}
		})
	}
}

func TestDataIsDecodedStrictly(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]schematest.Fault{
		``: {Code: "empty"},
		`{"receiptId":"1","receiptId":"2","amountKobo":1,"receiptDate":"2026-04-17"}`: {Pointer: "/receiptId", Code: "duplicate_key"},
		`{"receiptId":"1","amountKobo":1,"receiptDate":"2026-04-17"} {}`:              {Code: "trailing_data"},
		"{\"receiptId\":\"\xff\"}": {Code: "bad_utf8"},
		`[]`:                       {Code: "type"},
		`null`:                     {Code: "type"},
	} {
		refusal := refused(t, schemas.ValidateEventData("receipt.created", []byte(data)))
		wantFaults(t, refusal.Violations, []schematest.Fault{want})
	}
}

func TestDataOfAnUnknownTypeIsRefusedByName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]schemas.EventTypeError{
		"sale.sync":        {Code: "event_alias", Fix: "Use invoice.signed."},
		"reciept.created":  {Code: "unknown_event_type", Fix: "Did you mean receipt.created?"},
		"customer.deleted": {Code: "unknown_event_type", Fix: "Use one of customer.created, customer.updated."},
		"../event":         {Code: "unknown_event_type", Fix: "Use one of "},
		"*":                {Code: "unknown_event_type", Fix: "Use one of "},
		"":                 {Code: "unknown_event_type", Fix: "Use one of "},
	} {
		err := schemas.ValidateEventData(name, []byte(`{}`))
		var refusal *schemas.EventTypeError
		if !errors.As(err, &refusal) || refusal.Name != name || refusal.Code != want.Code || !strings.HasPrefix(refusal.Fix, want.Fix) {
			t.Errorf("%q: %v", name, err)
		}
		if schemas.SampleEvent(name) != nil {
			t.Errorf("%q has a sample", name)
		}
	}
}
