package domain

import "time"

// Bill is an invoice as far as payments need to know it.
type Bill struct {
	ID       InvoiceID
	Number   string
	Currency string // ISO 4217
	// Refusal says why no payment may name it; empty where one may.
	Refusal string
}

// Receipt is money that came in for an invoice, or that went back of it.
type Receipt struct {
	Payment PaymentID
	Invoice InvoiceID
	// Amount is in whole units of the currency, and never negative.
	Amount   int64
	Currency string // ISO 4217
	At       time.Time
}

// Unbilled takes a payment's invoice away, and says why. The money stays where
// it is.
type Unbilled struct {
	Payment PaymentID
	Note    string
}

// PartOf makes an Unbilled a part of a Change.
func (Unbilled) PartOf() PartKind { return PartUnbilled }
