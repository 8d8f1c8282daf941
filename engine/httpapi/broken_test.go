package httpapi_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas/schematest"
)

func TestEveryBrokenInvoiceIsRefusedWithEachFaultNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cases := schematest.Broken(t, "../../schemas/testdata/v1")
	if len(cases) < 60 {
		t.Fatalf("only %d broken invoices", len(cases))
	}
	for _, c := range cases {
		var p problem
		body := `{"invoice":` + string(c.Body) + `}`
		r := w.call(w.ours.write, "POST", "/si/invoices", body)
		must(t, decodeInto(r.body, &p))
		if !refusal(r.status, c) {
			t.Errorf("%s: status %d: %s", c.Name, r.status, r.body)
		}
		for _, want := range c.Expect {
			if !slices.ContainsFunc(p.Errors, func(f domain.FieldError) bool {
				return f.Code == want.Code && (f.Pointer == "/invoice"+want.Pointer || f.Pointer == "" && ofTheBody(want.Code))
			}) {
				t.Errorf("%s: %s at %q is not among %+v", c.Name, want.Code, want.Pointer, p.Errors)
			}
		}
	}
	for _, table := range []string{"message", "document", "invoice", "event", "work", "party", "item"} {
		if n := w.count(`SELECT COUNT(*) FROM ` + table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

// refusal: 400 or 422, and 413 for what is too large to look at.
func refusal(status int, c schematest.Case) bool {
	if c.Expect[0].Code == "too_large" {
		return status == http.StatusRequestEntityTooLarge
	}
	return status == http.StatusBadRequest || status == http.StatusUnprocessableEntity
}

// ofTheBody: the body is measured before it is taken apart, and a missing
// brace of the invoice is as well one of the body.
func ofTheBody(code string) bool { return code == "too_large" || code == "not_json" }
