package callback

import (
	"bytes"

	"github.com/afara-dev/afara/schemas"
)

// finoraRule makes one member of Finora's invoice from one of ours.
type finoraRule struct {
	to, from string
	value    func(out, value []byte) ([]byte, error)
}

// finoraInvoice is the mapping of an invoice, as DigiTax shows it, to Finora's
// members. An amount has its unit in its name and is an integer of hundredths of
// the invoice's currency, whichever that is.
var finoraInvoice = []finoraRule{
	{"invoiceId", "id", as},
	{"invoiceNumber", "invoice_number", as},
	{"totalKobo", "payable_amount", kobo},
	{"amountPaidKobo", "amount_paid", kobo},
	{"currency", "document_currency_code", as},
	{"status", "status", as},
	{"paymentStatus", "payment_status", as},
	{"transmissionStatus", "transmission_status", as},
	{"irn", "invoice_reference_number", as},
	{"qrCodeData", "qr_code_data", as},
	{"issueDate", "issue_date", as},
	{"dueDate", "due_date", as},
	{"invoiceDate", "invoice_date", as},
	{"taxPointDate", "tax_point_date", as},
	{"deliveryDate", "delivery_date", as},
	{"invoiceTypeCode", "invoice_type_code", as},
	{"originalInvoiceId", "original_invoice_id", as},
	{"partyId", "party_id", as},
	{"buyerReference", "buyer_reference", as},
	{"taxCurrency", "tax_currency_code", as},
	{"lineExtensionKobo", "line_extension_amount", kobo},
	{"taxExclusiveKobo", "tax_exclusive_amount", kobo},
	{"taxInclusiveKobo", "tax_inclusive_amount", kobo},
	{"taxKobo", "tax_amount", kobo},
	{"taxes", "taxes", listOf(finoraTax)},
	{"items", "items", listOf(finoraItem)},
	{"billingReference", "billing_reference", camelKeys},
	{"dispatchDocumentReference", "dispatch_document_reference", camelKeys},
	{"receiptDocumentReference", "receipt_document_reference", camelKeys},
	{"originatorDocumentReference", "originator_document_reference", camelKeys},
	{"contractDocumentReference", "contract_document_reference", camelKeys},
	{"notes", "notes", as},
	{"active", "active", as},
	{"isValid", "is_valid", as},
	{"heldReason", "held_reason", as},
	{"errors", "errors", camelKeys},
	{"createdAt", "created_at", as},
	{"updatedAt", "updated_at", as},
	{"validatedAt", "validated_at", as},
	{"signedAt", "signed_at", as},
	{"transmittedAt", "transmitted_at", as},
}

var finoraTax = []finoraRule{
	{"taxCategoryCode", "tax_category_code", as},
	{"taxKobo", "tax_amount", kobo},
	{"taxableKobo", "taxable_amount", kobo},
	{"taxPercentage", "tax_percentage", as},
}

// finoraItem has a line's price twice: a price may be finer than a kobo, so the
// integer is rounded half up and unitPrice is exact.
var finoraItem = []finoraRule{
	{"id", "id", as},
	{"itemId", "item_id", as},
	{"quantity", "quantity", as},
	{"unitPriceKobo", "price_amount", kobo},
	{"unitPrice", "price_amount", as},
	{"discountRate", "discount_rate", as},
	{"discountKobo", "discount_amount", kobo},
	{"feeRate", "fee_rate", as},
	{"feeKobo", "fee_amount", kobo},
	{"taxRate", "tax_rate", as},
	{"lineExtensionKobo", "line_extension_amount", kobo},
	{"active", "active", as},
	{"createdAt", "created_at", as},
	{"updatedAt", "updated_at", as},
}

// finoraInvoiceData maps a view. Where it does not say what was paid, a paid
// invoice was paid in full and any other not at all.
func finoraInvoiceData(event string, view object) ([]byte, error) {
	if !view.has("amount_paid") {
		paid := []byte("0")
		if event == schemas.EventInvoicePaid || string(view.value("payment_status")) == `"PAID"` {
			paid = view.value("payable_amount")
		}
		view = append(view, element{key: "amount_paid", value: paid})
	}
	return applyRules(nil, view, finoraInvoice)
}

// applyRules writes the members of the rules in their order, null where there is
// nothing, and then what no rule takes, in camelCase, so that none is lost.
func applyRules(out []byte, from object, rules []finoraRule) ([]byte, error) {
	var err error
	w := objectWriter{out: append(out, '{')}
	taken := make(map[string]bool, len(rules))
	for _, r := range rules {
		taken[r.from] = true
		if w.out, err = r.value(w.name(r.to), from.value(r.from)); err != nil {
			return nil, err
		}
	}
	for _, m := range from {
		if taken[m.key] {
			continue
		}
		if w.out, err = renameMember(w.name(w.free(camel(m.key), m.key)), m, camel, 1); err != nil {
			return nil, err
		}
	}
	return append(w.out, '}'), nil
}

func as(out, value []byte) ([]byte, error) { return append(out, value...), nil }

func camelKeys(out, value []byte) ([]byte, error) { return renameKeys(out, value, camel, 1) }

// kobo writes an amount in hundredths. What is no number passes as it is: null.
func kobo(out, value []byte) ([]byte, error) {
	var amount schemas.Decimal
	if err := amount.UnmarshalJSON(value); err != nil {
		return append(out, value...), nil
	}
	return append(out, amount.Mul(schemas.NewDecimal(100, 0)).Round(0).String()...), nil
}

// listOf maps each object of an array; what is no array passes in camelCase.
func listOf(rules []finoraRule) func(out, value []byte) ([]byte, error) {
	return func(out, value []byte) ([]byte, error) {
		if !bytes.HasPrefix(value, []byte("[")) {
			return camelKeys(out, value)
		}
		out = append(out, '[')
		for i, e := range elements(value) {
			if i > 0 {
				out = append(out, ',')
			}
			line, ok := objectOf(e.value)
			var err error
			if !ok {
				out, err = camelKeys(out, e.value)
			} else {
				out, err = applyRules(out, line, rules)
			}
			if err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	}
}
