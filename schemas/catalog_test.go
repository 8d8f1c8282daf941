package schemas_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/schemas/schematest"
)

// kinds maps a folder of testdata to the schema of a file in it. A name may
// carry a case before an @.
func schemaOf(kind, name string) schemas.ID {
	if _, after, cut := strings.Cut(name, "@"); cut {
		name = after
	}
	root := strings.TrimSuffix(string(schemas.InvoiceV1), "invoice.json")
	switch kind {
	case "events", "operations":
		return schemas.ID(root + kind + "/" + name + ".json")
	}
	return schemas.ID(root + kind + ".json")
}

func TestEverySchemaCompilesAndSaysWhatItIs(t *testing.T) {
	t.Parallel()
	ids := schemas.IDs()
	if len(ids) != 62 {
		t.Errorf("%d schemas, want 62", len(ids))
	}
	for _, id := range ids {
		t.Run(string(id), func(t *testing.T) {
			t.Parallel()
			raw, err := schemas.Source(id)
			if err != nil {
				t.Fatal(err)
			}
			var doc struct {
				Schema      string `json:"$schema"`
				ID          string `json:"$id"`
				Title       string `json:"title"`
				Description string `json:"description"`
			}
			if err := json.Unmarshal(raw, &doc); err != nil {
				t.Fatal(err)
			}
			if doc.ID != string(id) || doc.Title == "" || doc.Description == "" || doc.Schema != "https://json-schema.org/draft/2020-12/schema" {
				t.Errorf("its head is %+v", doc)
			}
			// Every document is refused for being nothing, except by what only holds parts of others.
			var refusal *schemas.ValidationError
			parts := strings.HasSuffix(string(id), "codes.json") || strings.HasSuffix(string(id), "event_parts.json")
			if err := schemas.Validate(id, []byte(`[]`)); !errors.As(err, &refusal) && !parts {
				t.Errorf("a list is accepted, or: %v", err)
			}
		})
	}
}

func TestEveryFieldOfEverySchemaExplainsItself(t *testing.T) {
	t.Parallel()
	for _, id := range schemas.IDs() {
		raw, err := schemas.Source(id)
		if err != nil {
			t.Fatal(err)
		}
		var doc any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		explained(t, string(id), doc, false)
	}
}

// explained wants a title and a description on each property that is not a
// mere reference or a condition.
func explained(t *testing.T, where string, node any, property bool) {
	t.Helper()
	switch node := node.(type) {
	case map[string]any:
		_, titled := node["title"]
		_, described := node["description"]
		_, refers := node["$ref"]
		if property && !refers && (!titled || !described) {
			t.Errorf("%s has no title or no description", where)
		}
		for key, part := range node {
			if key == "if" {
				continue
			}
			if key == "properties" {
				fields, _ := part.(map[string]any)
				for name, field := range fields {
					explained(t, where+"/"+name, field, true)
				}
				continue
			}
			explained(t, where+"/"+key, part, false)
		}
	case []any:
		for _, part := range node {
			explained(t, where+"/-", part, false)
		}
	}
}

func TestEveryValidExampleIsAccepted(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"invoice", "invoice_view", "event", "events", "operations", "manifest"} {
		for name, body := range examples(t, kind) {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				if err := schemas.Validate(schemaOf(kind, name), body); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestEveryStandardOperationAndEventHasAnExample(t *testing.T) {
	t.Parallel()
	have := map[schemas.ID]bool{}
	for _, kind := range []string{"events", "operations"} {
		for name := range examples(t, kind) {
			have[schemaOf(kind, name)] = true
		}
	}
	for _, op := range []string{
		schemas.OpInvoicePrepare, schemas.OpInvoiceValidate, schemas.OpInvoiceSign, schemas.OpInvoiceLookup,
		schemas.OpInvoiceTransmit, schemas.OpInvoiceReportPayment, schemas.OpInvoiceReportB2C, schemas.OpInvoiceWriteBack,
	} {
		if !have[schemas.OperationInput(op)] || !have[schemas.OperationOutput(op)] {
			t.Errorf("%s lacks an example", op)
		}
	}
	for _, event := range schemas.EventTypes() {
		if !have[event.Schema] {
			t.Errorf("%s lacks an example", event.Name)
		}
	}
}

func TestEveryInvalidExampleIsRefusedForItsReason(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"events", "operations"} {
		for _, c := range schematest.Load(t, filepath.Join(testdata, "invalid", kind)) {
			t.Run(kind+"/"+c.Name, func(t *testing.T) {
				t.Parallel()
				refusal := refused(t, schemas.Validate(schemaOf(kind, c.Name), c.Body))
				wantFaults(t, refusal.Violations, c.Expect)
			})
		}
	}
}

// roundTrip decodes into the Go type and encodes again.
func roundTrip[T any](body []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	v := new(T)
	if err := d.Decode(v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func TestEveryExampleSurvivesItsGoType(t *testing.T) {
	t.Parallel()
	types := map[string]func([]byte) ([]byte, error){
		"invoice_view/digitax_sample":             roundTrip[schemas.InvoiceView],
		"event/invoice.signed":                    roundTrip[schemas.Event],
		"manifest/full":                           roundTrip[schemas.Manifest],
		"manifest/small":                          roundTrip[schemas.Manifest],
		"operations/invoice.prepare.input":        roundTrip[schemas.PrepareInput],
		"operations/invoice.prepare.output":       roundTrip[schemas.PrepareOutput],
		"operations/invoice.validate.input":       roundTrip[schemas.ValidateInput],
		"operations/invoice.validate.output":      roundTrip[schemas.Empty],
		"operations/invoice.sign.input":           roundTrip[schemas.SignInput],
		"operations/invoice.sign.output":          roundTrip[schemas.SignOutput],
		"operations/invoice.lookup.input":         roundTrip[schemas.LookupInput],
		"operations/invoice.lookup.output":        roundTrip[schemas.LookupOutput],
		"operations/invoice.transmit.input":       roundTrip[schemas.TransmitInput],
		"operations/invoice.transmit.output":      roundTrip[schemas.TransmitOutput],
		"operations/payment.prepare.input":        roundTrip[schemas.PaymentPrepareInput],
		"operations/payment.prepare.output":       roundTrip[schemas.PaymentPrepareOutput],
		"operations/payment.collect.input":        roundTrip[schemas.PaymentInput],
		"operations/payment.collect.output":       roundTrip[schemas.PaymentOutput],
		"operations/payment.refund.input":         roundTrip[schemas.PaymentRefundInput],
		"operations/payment.refund.output":        roundTrip[schemas.PaymentOutput],
		"operations/payment.disburse.input":       roundTrip[schemas.PaymentInput],
		"operations/payment.disburse.output":      roundTrip[schemas.PaymentOutput],
		"operations/payment.lookup.input":         roundTrip[schemas.PaymentLookupInput],
		"operations/payment.lookup.output":        roundTrip[schemas.PaymentLookupOutput],
		"operations/invoice.report_payment.input": roundTrip[schemas.ReportPaymentInput],
		"operations/invoice.report_b2c.input":     roundTrip[schemas.ReportB2CInput],
		"operations/invoice.write_back.input":     roundTrip[schemas.WriteBackInput],
	}
	for name, again := range types {
		kind, file, _ := strings.Cut(name, "/")
		body := examples(t, kind)[file]
		got, err := again(body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		same(t, body, got)
	}
}

func TestAnUnknownSchemaIsAnErrorAndNotAFaultOfTheDocument(t *testing.T) {
	t.Parallel()
	for _, id := range []schemas.ID{"", "https://afara.dev/schemas/v1/", "https://afara.dev/schemas/v1/../v1/invoice.json", "https://example.com/invoice.json"} {
		_, err := schemas.Prove(id, []byte(`{}`))
		var refusal *schemas.ValidationError
		if err == nil || errors.As(err, &refusal) {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := schemas.Source(id); err == nil {
			t.Errorf("%q has a source", id)
		}
	}
}
