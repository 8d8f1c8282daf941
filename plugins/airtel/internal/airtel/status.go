package airtel

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/afara-dev/afara/schemas"
)

// Answer is what Airtel says: of a call, and of a transaction where it is about
// one.
type Answer struct {
	State     string // of the transaction, e.g. TS
	Code      string // the one that decides, e.g. DP00800001006 or ESB000010
	Refused   bool   // it says that it did not succeed
	Reference string // the transaction's, ours
	ID        string // Airtel's own of the transaction
	Message   string
	Raw       json.RawMessage
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

// wireData never fails to be read either.
type wireData struct {
	state, reference, id, message text
}

// UnmarshalJSON takes the transaction where there is one.
func (d *wireData) UnmarshalJSON(raw []byte) error {
	var data struct {
		Transaction struct {
			ID      text `json:"id"`
			MoneyID text `json:"airtel_money_id"`
			Status  text `json:"status"`
			Message text `json:"message"`
		} `json:"transaction"`
	}
	if json.Unmarshal(raw, &data) == nil {
		t := data.Transaction
		*d = wireData{t.Status, t.ID, t.MoneyID, t.Message}
	}
	return nil
}

// wireStatus never fails to be read either.
type wireStatus struct {
	message, result, response text
	success                   *bool
}

// UnmarshalJSON takes the codes where there are some.
func (s *wireStatus) UnmarshalJSON(raw []byte) error {
	var status struct {
		Message  text  `json:"message"`
		Result   text  `json:"result_code"`
		Response text  `json:"response_code"`
		Success  *bool `json:"success"`
	}
	if json.Unmarshal(raw, &status) == nil {
		*s = wireStatus{status.Message, status.Result, status.Response, status.Success}
	}
	return nil
}

// ParseAnswer reads an answer. What it reads comes from outside.
func ParseAnswer(raw []byte) (Answer, error) {
	var body struct {
		Data   wireData   `json:"data"`
		Status wireStatus `json:"status"`
	}
	if !object(raw) || json.Unmarshal(raw, &body) != nil {
		return Answer{}, errors.New("the answer is no JSON object of Airtel's form")
	}
	a := Answer{
		State: word(body.Data.state), Code: deciding(word(body.Status.response), word(body.Status.result)),
		Refused:   body.Status.success != nil && !*body.Status.success,
		Reference: string(body.Data.reference), ID: string(body.Data.id), Message: string(body.Status.message), Raw: kept(raw),
	}
	if body.Data.message != "" {
		a.Message = string(body.Data.message)
	}
	if a.State == "" && a.Code == "" && body.Status.success == nil {
		return Answer{}, errors.New("the answer is a JSON object with neither a status nor a code of Airtel's")
	}
	if len(a.ID) > maxID {
		a.ID = ""
	}
	return a, nil
}

// deciding is the code that counts: the transaction's own, unless the gateway's
// alone is known.
func deciding(response, result string) string {
	if response == "" || !known(response) && known(result) {
		return result
	}
	return response
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
func object(raw []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) && json.Valid(raw)
}

// Differences holds a transaction against the reference that it was asked for
// under. What Airtel does not tell does not differ.
func (a Answer) Differences(reference string) []schemas.Difference {
	if a.Reference == "" || a.Reference == reference {
		return nil
	}
	return []schemas.Difference{{Field: "operatorReference", Expected: short(reference), Found: short(a.Reference)}}
}

const maxShown = 500

func short(s string) string {
	s = strings.ToValidUTF8(s, "�")
	if runes := []rune(s); len(runes) > maxShown {
		return string(runes[:maxShown])
	}
	return s
}
