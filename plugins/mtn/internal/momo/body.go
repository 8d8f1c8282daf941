package momo

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/afara-dev/afara/sdk/msisdn"
)

// Party is a payer or payee.
type Party struct {
	Type string `json:"partyIdType"`
	ID   string `json:"partyId"`
}

// Body is what MTN wants of a payment.
type Body struct {
	Amount       string `json:"amount"`
	Currency     string `json:"currency"`
	ExternalID   string `json:"externalId"`
	Payer        *Party `json:"payer,omitempty"`
	Payee        *Party `json:"payee,omitempty"`
	PayerMessage string `json:"payerMessage"`
	PayeeNote    string `json:"payeeNote"`
	RefundOf     string `json:"referenceIdToRefund,omitempty"`
}

// Amount writes whole units: XOF and RWF have no minor unit.
func Amount(units int64) string { return strconv.FormatInt(units, 10) }

// callingCode is a plus sign and three digits wherever MTN's numbers are known.
const callingCode = 4

// Number makes a party of a number in E.164: without the plus sign, and in
// today's numbering plan, for MTN knows no other.
func Number(number string) *Party {
	n := msisdn.Number(number)
	if national, known := n.National(); known {
		n = n[:callingCode] + msisdn.Number(national)
	}
	return &Party{Type: "MSISDN", ID: n.Digits()}
}

// same reports whether two party ids are one number.
func same(a, b string) bool {
	return Number("+"+strings.TrimPrefix(a, "+")).ID == Number("+"+strings.TrimPrefix(b, "+")).ID
}

const maxMessage = 160

// Message makes a text that MTN takes: at most 160 characters, no apostrophes,
// nothing that does not print.
func Message(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\'' || r == '’' || r == '`' || unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return strings.TrimSpace(string(runes[:min(len(runes), maxMessage)]))
}
