package invoice_test

import "testing"

// spoilt changes members of an invoice: nil takes one out.
func spoilt(inv map[string]any, members map[string]any) map[string]any {
	for name, v := range members {
		if v == nil {
			delete(inv, name)
			continue
		}
		inv[name] = v
	}
	return inv
}

// What is compared with what is stored is named with all the other faults,
// as far as it can be read.
func TestFaultsBesideTheStoredInvoiceAreNamedWithAllOthers(t *testing.T) {
	onBoth(t, func(w *world) {
		original := w.registered(worth("AF-1", 50))
		dated := original
		dated.IssueDate = "2024-06-11"
		hostile := append(over(worth("", 1), "380", dated)["billing_reference"].([]any), map[string]any{"irn": "\x01", "issue_date": "2024-06-11"}, 7)
		for _, c := range []struct {
			inv  map[string]any
			want []string
		}{
			{ // a rule is broken
				spoilt(over(worth("AFN-1", 50), "380", elsewhere(), dated), map[string]any{"tax_currency_code": "USD"}),
				[]string{"tax_currency@/tax_currency_code", "original_date@/billing_reference/1/issue_date"},
			},
			{ // the schema
				spoilt(over(worth("AFN-2", 50), "384", dated), map[string]any{"due_date": "soon", "document_currency_code": nil}),
				[]string{"format@/due_date", "required@/document_currency_code", "original_date@/billing_reference/0/issue_date"},
			},
			{ // so that it cannot be decoded
				spoilt(over(worth("AFN-3", 50), "380", original), map[string]any{"invoice_kind": 7, "document_currency_code": "USD", "note": 7}),
				[]string{"type@/invoice_kind", "type@/note", "currency_differs@/document_currency_code"},
			},
			{ // in a reference, which is not looked up
				spoilt(over(worth("AFN-4", 50), "380", original), map[string]any{"billing_reference": hostile}),
				[]string{"irn@/billing_reference/1/irn", "type@/billing_reference/2", "original_date@/billing_reference/0/issue_date"},
			},
		} {
			_, _, err := w.post("", c.inv)
			w.faults(err, c.want...)
		}
		first, err := w.void(string(original.ID))
		w.must(err)
		_, err = w.put(first.ID, spoilt(over(worth("AF-2", 30), "381", elsewhere()), map[string]any{"invoice_line": 7, "issue_date": "2024-06-11", "note": 7}))
		w.faults(err, "type@/invoice_line", "type@/note",
			"not_changeable@/invoice_number", "not_changeable@/issue_date", "not_changeable@/invoice_type_code",
			"not_changeable@/billing_reference", "not_changeable@/legal_monetary_total/payable_amount")
	})
}
