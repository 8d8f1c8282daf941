package main

import (
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/invoice"
)

// sampleLine is a small invoice between two businesses. The number is put
// together by the shell, so that the line works each time it is pasted.
const sampleLine = `{"invoice":{"invoice_number":"DEMO-'$(date +%%s)-$RANDOM'","issue_date":"%s","invoice_type_code":"381","invoice_kind":"B2B",` +
	`"document_currency_code":"NGN","callback_url":"%s",` +
	`"accounting_customer_party":{"party_name":"Adebayo Stores","tin":"23456789-0001","email":"payables@adebayo.example",` +
	`"postal_address":{"street_name":"12 Allen Avenue","city_name":"Ikeja","country":"NG"}},` +
	`"invoice_line":[{"hsn_code":"1006.30","product_category":"Cereals","invoiced_quantity":2,"line_extension_amount":100000,` +
	`"item":{"name":"Long grain rice, 50 kg"},"price":{"price_amount":50000}}],` +
	`"tax_total":[{"tax_amount":7500,"tax_subtotal":[{"taxable_amount":100000,"tax_amount":7500,"tax_category":{"id":"STANDARD_VAT","percent":7.5}}]}],` +
	`"legal_monetary_total":{"line_extension_amount":100000,"tax_exclusive_amount":100000,"tax_inclusive_amount":107500,"payable_amount":107500}}}`

// payLine asks a customer of the sandbox for money.
func payLine(api, key string) string {
	return fmt.Sprintf(`curl -sS %s/v1/payments -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d `+
		`'{"amount":25000,"currency":"XOF","msisdn":"%s","reference":"DEMO-'$(date +%%s)-$RANDOM'","application":"%s"}'`,
		api, key, demoClients()[0].Number, demoStore)
}

// curlLine posts the sample; it is one line, to be pasted as it is.
func curlLine(api, key, receiver string, now time.Time) string {
	body := fmt.Sprintf(sampleLine, now.In(invoice.Lagos).Format(time.DateOnly), receiver)
	return fmt.Sprintf(`curl -sS %s/si/invoices -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' -d '%s'`, api, key, body)
}
