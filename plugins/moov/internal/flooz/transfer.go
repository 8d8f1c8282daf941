package flooz

import (
	"bytes"
	"encoding/json"
	"errors"
)

// transfer is the body of REST's one call that moves money. Of its members only
// type is published.
type transfer struct {
	Type        string `json:"type"` // cashin collects, cashout pays out
	PartnerID   string `json:"partnerId"`
	MSISDN      string `json:"msisdn"`
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
	Reference   string `json:"reference"`
	Description string `json:"description,omitempty"`
}

// value reads a string, also one that was written as a number.
type value string

// UnmarshalJSON never fails: an odd member must not hide the code.
func (v *value) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*v = value(s)
		return nil
	}
	if len(raw) > 0 && (raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9') {
		*v = value(raw)
	}
	return nil
}

// ParseTransfer reads an answer of the REST form.
func ParseTransfer(raw []byte) (Answer, error) {
	var body struct {
		Code        value `json:"responseCode"`
		ID          value `json:"transactionId"`
		Message     value `json:"message"`
		Description value `json:"description"`
	}
	if !object(raw) || json.Unmarshal(raw, &body) != nil {
		return Answer{}, errors.New("the answer is no JSON object")
	}
	a := Answer{Code: word(string(body.Code)), Text: string(body.Message), ID: bounded(string(body.ID)), Raw: kept(raw)}
	if a.Text == "" {
		a.Text = string(body.Description)
	}
	return a, nil
}

// object reports whether raw is a JSON object.
func object(raw []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) && json.Valid(raw)
}
