package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// withDocument is the body of a standard operation.
func withDocument(irn string, document []byte) string {
	return `{"irn":"` + irn + `","document":` + string(document) + `}`
}

func TestAStandardOperationTakesItsDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sample := bytes.TrimSpace(schemas.Sample("OP-1", "2025-08-05"))
	w.want(http.StatusOK, nil, w.ours.write, "POST", w.operation("invoice.validate"), withDocument("IRN-1", sample))
	calls := w.host.called("invoice.validate")
	if len(calls) != 1 {
		t.Fatalf("%d calls", len(calls))
	}
	if string(calls[0].Parameters) != `{"irn":"IRN-1"}` || calls[0].Document.Schema != schemas.InvoiceV1 ||
		!calls[0].Document.Intact() || string(calls[0].Document.Body) != string(sample) {
		t.Errorf("%s about %.60s", calls[0].Parameters, calls[0].Document.Body)
	}
	var broken map[string]any
	must(t, json.Unmarshal(sample, &broken))
	broken["issue_date"] = "yesterday"
	raw, err := json.Marshal(broken)
	must(t, err)
	p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", w.operation("invoice.validate"), withDocument("IRN-1", raw))
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/document/issue_date" {
		t.Errorf("%+v", p.Errors)
	}
	// A connector's own operation has no such member but its own.
	w.want(http.StatusOK, nil, w.ours.write, "POST", w.operation("scripted.find"), `{"document":{"n":1}}`)
	if own := w.host.called("scripted.find"); len(own) != 1 || string(own[0].Parameters) != `{"document":{"n":1}}` || own[0].Document.Schema != "" {
		t.Errorf("%+v", own)
	}
}

// The document is part of what a key stands for, and says what a look-up
// compares.
func TestADoubtAboutADocumentIsLookedUpWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := w.operation("invoice.sign")
	body := withDocument("IRN-1", schemas.Sample("OP-1", "2025-08-05"))
	w.host.script("invoice.sign", domain.ClassUnknownOutcome)
	w.want(http.StatusAccepted, nil, w.ours.write, "POST", path, body, "Idempotency-Key", "k-1")
	w.refused(http.StatusUnprocessableEntity, "idempotency_key_reused", w.ours.write, "POST", path,
		withDocument("IRN-1", schemas.Sample("OP-2", "2025-08-05")), "Idempotency-Key", "k-1")
	w.host.answer("invoice.lookup", `{"result":"found_final"}`)
	w.clock.Add(time.Minute)
	w.want(http.StatusOK, nil, w.ours.write, "POST", path, body, "Idempotency-Key", "k-1")
	looks := w.host.called("invoice.lookup")
	if len(looks) != 1 || len(w.host.called("invoice.sign")) != 1 {
		t.Fatalf("%d look-ups", len(looks))
	}
	var asked schemas.LookupInput
	must(t, json.Unmarshal(looks[0].Parameters, &asked))
	if err := schemas.Validate(schemas.OperationInput("invoice.lookup"), looks[0].Parameters); err != nil {
		t.Error(err)
	}
	if asked.IRN != "IRN-1" || asked.Operation != "invoice.sign" || asked.IssueDate != "2025-08-05" || asked.Total.Currency != "NGN" ||
		!strings.HasPrefix(asked.Total.Payable.String(), "532125") {
		t.Errorf("%+v", asked)
	}
}
