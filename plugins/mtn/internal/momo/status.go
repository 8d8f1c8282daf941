package momo

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/afara-dev/afara/schemas"
)

// Status is what MTN says of a transaction, in an answer or in a callback.
type Status struct {
	Native   string // e.g. SUCCESSFUL
	Reason   string // e.g. PAYER_NOT_FOUND
	ID       string // MTN's own, once it succeeded
	Amount   string
	Currency string
	Party    string // the payer's or payee's number; empty when none was told
	Raw      json.RawMessage
}

const (
	maxRaw = 16 << 10 // of the native answer that is kept
	maxID  = 100
)

// text reads a string, also one that was written as a number.
type text string

// UnmarshalJSON never fails: an odd member must not hide the status.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*t = text(s)
		return nil
	}
	if len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') {
		*t = text(raw)
	}
	return nil
}

// reason reads both forms that clients have seen: a text, and an object with a
// code.
type reason string

// UnmarshalJSON never fails: an odd reason is none.
func (r *reason) UnmarshalJSON(raw []byte) error {
	var both struct {
		Code text `json:"code"`
	}
	var t text
	_ = t.UnmarshalJSON(raw) // never fails
	if t == "" && json.Unmarshal(raw, &both) == nil {
		t = both.Code
	}
	*r = reason(t)
	return nil
}

// wireParty never fails to be read either.
type wireParty struct{ id string }

// UnmarshalJSON takes the party's id where there is one.
func (p *wireParty) UnmarshalJSON(raw []byte) error {
	var party struct {
		ID text `json:"partyId"`
	}
	if json.Unmarshal(raw, &party) == nil {
		p.id = string(party.ID)
	}
	return nil
}

// ParseStatus reads a status, with the answer that it is of.
func ParseStatus(raw []byte) (Status, error) {
	s, err := ParseClaim(raw)
	if err == nil {
		s.Raw = kept(raw)
	}
	return s, err
}

// ParseClaim reads a status of which nothing is kept. What it reads comes from
// outside: callbacks are signed by nobody.
func ParseClaim(raw []byte) (Status, error) {
	var body struct {
		Status   text      `json:"status"`
		Reason   reason    `json:"reason"`
		ID       text      `json:"financialTransactionId"`
		Amount   text      `json:"amount"`
		Currency text      `json:"currency"`
		Payer    wireParty `json:"payer"`
		Payee    wireParty `json:"payee"`
	}
	if !opens(raw) || json.Unmarshal(raw, &body) != nil || body.Status == "" {
		return Status{}, errors.New("the answer is no JSON object with a status")
	}
	s := Status{
		Native: word(body.Status), Reason: word(text(body.Reason)), ID: string(body.ID),
		Amount: string(body.Amount), Currency: string(body.Currency), Party: body.Payer.id,
	}
	if s.Party == "" {
		s.Party = body.Payee.id
	}
	if len(s.ID) > maxID {
		s.ID = ""
	}
	return s, nil
}

func word(t text) string { return strings.ToUpper(strings.TrimSpace(string(t))) }

// kept is the native answer as far as a document can hold it: its size, its
// numbers.
func kept(raw []byte) json.RawMessage {
	if len(raw) > maxRaw || !utf8.Valid(raw) {
		return nil
	}
	out, err := json.Marshal(schemas.PaymentOutput{Status: schemas.PaymentPending, Raw: raw})
	if err != nil || schemas.Validate(schemas.OperationOutput(schemas.OpPaymentCollect), out) != nil {
		return nil
	}
	return bytes.Clone(raw)
}

// object reports whether raw is a JSON object.
func object(raw []byte) bool { return opens(raw) && json.Valid(raw) }

// opens reports whether raw, if it is JSON, is an object.
func opens(raw []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) }

// empty reports whether an answer says nothing, or an empty object.
func empty(raw []byte) bool {
	return len(bytes.TrimSpace(raw)) == 0 || object(raw)
}

// Expected is what a transaction must be about.
type Expected struct {
	Amount           int64
	Currency, Number string
}

// Differences holds a transaction against what it must be about. What MTN does
// not tell does not differ.
func (s Status) Differences(e Expected) []schemas.Difference {
	var list []schemas.Difference
	differ := func(field, expected, found string) {
		list = append(list, schemas.Difference{Field: field, Expected: short(expected), Found: short(found)})
	}
	if s.Amount != "" {
		got, err := schemas.ParseDecimal(s.Amount)
		if err != nil || !got.Equal(schemas.NewDecimal(e.Amount, 0)) {
			differ("amount", Amount(e.Amount), s.Amount)
		}
	}
	if s.Currency != "" && s.Currency != e.Currency {
		differ("currency", e.Currency, s.Currency)
	}
	if s.Party != "" && !same(s.Party, e.Number) {
		differ("msisdn", e.Number, "+"+strings.TrimPrefix(s.Party, "+"))
	}
	return list
}

// About is what MTN's record is about, as far as MTN tells it in a way that can be
// compared; the rest is empty.
func (s Status) About() Expected {
	e := Expected{Currency: s.Currency}
	if got, err := schemas.ParseDecimal(s.Amount); err == nil && got.Equal(got.Round(0)) {
		e.Amount, _ = strconv.ParseInt(got.Round(0).String(), 10, 64) // 0 where it is no amount of this service
	}
	if s.Party != "" {
		e.Number = "+" + strings.TrimPrefix(s.Party, "+")
	}
	return e
}

const maxShown = 500

func short(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if runes := []rune(s); len(runes) > maxShown {
		return string(runes[:maxShown])
	}
	return s
}
