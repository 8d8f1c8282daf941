package airtel

import (
	"github.com/afara-dev/afara/sdk/msisdn"
)

// Party is a payer or payee.
type Party struct {
	Country  string `json:"country,omitempty"`
	Currency string `json:"currency,omitempty"`
	MSISDN   string `json:"msisdn"`
}

// Transaction is what is to be done, or undone.
type Transaction struct {
	Amount   int64  `json:"amount,omitempty"` // whole units: XOF and RWF have no minor unit
	Country  string `json:"country,omitempty"`
	Currency string `json:"currency,omitempty"`
	ID       string `json:"id,omitempty"`
	Type     string `json:"type,omitempty"`
	MoneyID  string `json:"airtel_money_id,omitempty"`
}

// Body is what Airtel wants of a payment. The reference stands in it twice, as
// Reference and as the transaction's ID.
type Body struct {
	Reference   string      `json:"reference,omitempty"`
	Subscriber  *Party      `json:"subscriber,omitempty"`
	Payee       *Party      `json:"payee,omitempty"`
	PIN         string      `json:"pin,omitempty"` // Pay encrypts it
	Transaction Transaction `json:"transaction"`
}

// The forms of a number.
const (
	National      = "national"      // without the country code
	International = "international" // with it, without the plus sign
)

// callingCode is a plus sign and three digits wherever numbers are known.
const callingCode = 4

// Number writes a number of E.164 in a form, in today's numbering plan.
func Number(number, form string) string {
	n := msisdn.Number(number)
	national, known := n.National()
	switch {
	case !known:
		return n.Digits()
	case form == National:
		return national
	}
	return (n[:callingCode] + msisdn.Number(national)).Digits()
}
