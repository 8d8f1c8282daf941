package invoice_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/invoice"
	"github.com/afara-dev/afara/schemas"
)

// faults fails unless err names these, each as code@pointer.
func (w *world) faults(err error, want ...string) {
	w.Helper()
	var e *domain.Error
	if !as(err, &e) {
		w.Fatalf("want %q, got %v", want, err)
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Code+"@"+f.Pointer)
		if f.Detail == "" || f.Fix == "" {
			w.Errorf("a person cannot act on %+v", f)
		}
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		w.Errorf("faults %q, want %q", got, want)
	}
}

// sent is an invoice's document, to change and send again.
func (w *world) sent(id string) map[string]any {
	w.Helper()
	doc := w.get(id).Document
	docs, err := w.intake.Documents(w.Context(), []domain.DocumentID{doc})
	w.must(err)
	var inv map[string]any
	w.must(json.Unmarshal(docs[doc].Body, &inv))
	return inv
}

// worth is a small invoice over an amount, without tax.
func worth(number string, amount float64) map[string]any {
	return map[string]any{
		"invoice_number": number, "issue_date": time.Now().In(invoice.Lagos).Format(time.DateOnly), "invoice_type_code": "381", "invoice_kind": "B2C",
		"document_currency_code": "NGN",
		"legal_monetary_total": map[string]any{
			"line_extension_amount": amount, "tax_exclusive_amount": amount, "tax_inclusive_amount": amount, "payable_amount": amount,
		},
		"invoice_line": []any{map[string]any{
			"hsn_code": "2203.00", "product_category": "Beverages", "invoiced_quantity": 1, "line_extension_amount": amount,
			"item": map[string]any{"name": "Malt drink"}, "price": map[string]any{"price_amount": amount},
		}},
	}
}

// over makes an invoice a note over others.
func over(inv map[string]any, code string, originals ...invoice.Row) map[string]any {
	refs := make([]any, len(originals))
	for i, r := range originals {
		refs[i] = map[string]any{"irn": r.IRN, "issue_date": r.IssueDate}
	}
	inv["invoice_type_code"], inv["billing_reference"] = code, refs
	return inv
}

// registered posts an invoice and has it signed.
func (w *world) registered(inv map[string]any) invoice.Row {
	w.Helper()
	a, _, err := w.post("", inv)
	w.must(err)
	w.walk(a)
	return w.get(a.ID)
}

func TestTheNoteOfAVoidStaysThat(t *testing.T) {
	onBoth(t, func(w *world) {
		original, other := w.registered(worth("VN-1", 90)), w.registered(worth("VN-2", 90))
		first, err := w.void(string(original.ID))
		w.must(err)
		for _, c := range []struct {
			inv  map[string]any
			want string
		}{
			{over(worth("VN-1CN", 90), schemas.TypeCommercialInvoice, original), "not_changeable@/invoice_type_code"},
			{over(worth("VN-1CN", 90), schemas.TypeDebitNote, original), "not_changeable@/invoice_type_code"},
			{over(worth("VN-1CN", 90), schemas.TypeCreditNote, other), "not_changeable@/billing_reference"},
			{over(worth("VN-1CN", 30), schemas.TypeCreditNote, original), "not_changeable@/legal_monetary_total/payable_amount"},
		} {
			_, err := w.put(first.ID, c.inv)
			w.faults(err, c.want)
		}
		mended := w.sent(first.ID)
		mended["note"] = "mended"
		again, err := w.put(first.ID, mended)
		w.must(err)
		w.walk(again)
		if second, err := w.void(string(original.ID)); err != nil || second.ID != first.ID || second.Invoice["invoice_type_code"] != "380" {
			w.Errorf("a second void answers %+v, %v", second, err)
		}
		if r := w.get(string(original.ID)); r.Credited != r.Payable {
			w.Errorf("credited %d of %d", r.Credited, r.Payable)
		}
	})
}

// A rejected note gave up its place; another void may have taken it.
func TestARejectedNoteOfAVoidDoesNotComeBackBesideAnother(t *testing.T) {
	onBoth(t, func(w *world) {
		for _, amount := range []float64{90, 0} { // nothing can be credited twice
			number := map[float64]string{90: "VR-1", 0: "VR-2"}[amount]
			original := w.registered(worth(number, amount))
			w.answer = refusing(domain.ClassRejected)
			rejected, err := w.void(string(original.ID))
			w.must(err)
			w.walk(rejected)
			w.answer = nil
			_, err = w.voidAs(string(original.ID), number+"/2")
			w.must(err)
			for _, kind := range []string{schemas.TypeCommercialInvoice, schemas.TypeDebitNote} {
				_, err = w.put(rejected.ID, over(worth(number+"CN", amount), kind, original))
				w.faults(err, "not_changeable@/invoice_type_code")
			}
			want := map[float64]string{90: "credit_exceeds_original", 0: "changed_meanwhile"}[amount]
			if _, err = w.put(rejected.ID, w.sent(rejected.ID)); code(err) != want {
				w.Errorf("worth %v: %v, want %s", amount, err, want)
			}
		}
	})
}

// elsewhere is an invoice that another system registered.
func elsewhere() invoice.Row {
	return invoice.Row{IRN: "ABC1-94ND90NR-20240611", IssueDate: "2024-06-11"}
}

func TestEachReferenceOfANoteIsLookedAt(t *testing.T) {
	onBoth(t, func(w *world) {
		first, second := w.registered(worth("MR-1", 50)), w.registered(worth("MR-2", 50))
		dated := first
		dated.IssueDate = "2024-06-11"
		w.answer = refusing(domain.ClassUnknownOutcome)
		unsigned := w.registered(worth("MR-3", 50))
		w.answer = nil
		credit, debit := schemas.TypeCreditNote, schemas.TypeDebitNote
		for _, c := range []struct {
			inv  map[string]any
			want []string
		}{
			{over(worth("MRN-1", 50), credit, first, second), []string{"one_original@/billing_reference/1"}},
			{over(worth("MRN-2", 50), credit, elsewhere(), second, first), []string{"one_original@/billing_reference/2"}},
			{over(worth("MRN-3", 50), credit, elsewhere(), unsigned), []string{"original_not_signed@/billing_reference/1/irn"}},
			{over(worth("MRN-4", 50), debit, first, elsewhere(), unsigned), []string{"original_not_signed@/billing_reference/2/irn"}},
			{over(worth("MRN-5", 50), credit, elsewhere(), dated), []string{"original_date@/billing_reference/1/issue_date"}},
			{over(inDollars(worth("MRN-6", 50)), debit, elsewhere(), first), []string{"currency_differs@/document_currency_code"}},
		} {
			_, _, err := w.post("", c.inv)
			w.faults(err, c.want...)
		}
		if a, _, err := w.post("", over(worth("MRN-7", 50), debit, elsewhere(), first, second)); err != nil || a.Original != string(first.ID) {
			w.Errorf("a debit note over two of ours: %+v, %v", a, err)
		}
	})
}

func inDollars(inv map[string]any) map[string]any {
	inv["document_currency_code"] = "USD"
	return inv
}

func TestAForeignReferenceHidesNoCredit(t *testing.T) {
	onBoth(t, func(w *world) {
		original := w.registered(worth("FR-1", 50))
		a, _, err := w.post("", over(worth("FRN-1", 50), schemas.TypeCreditNote, elsewhere(), original))
		w.must(err)
		if a.Original != string(original.ID) {
			w.Errorf("the original is %q", a.Original)
		}
		if _, _, err := w.post("", over(worth("FRN-2", 50), schemas.TypeCreditNote, elsewhere(), original)); code(err) != "credit_exceeds_original" {
			w.Errorf("a second credit of the whole: %v", err)
		}
	})
}
