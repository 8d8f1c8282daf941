package mbs

import (
	"encoding/json"
	"strings"
)

// Envelope is the authority's answer around everything.
type Envelope struct {
	Code    json.RawMessage `json:"code"` // a number, also of a success: 200 or 201
	Data    json.RawMessage `json:"data"`
	Message string          `json:"message"`
	Error   *Failure        `json:"error"`
}

// Failure is the envelope's error.
type Failure struct {
	ID      string `json:"id"`
	Handler string `json:"handler"`
	Details text   `json:"details"`
	Public  text   `json:"public_message"`
	// Errors is in some newer answers only.
	Errors []FieldFailure `json:"errors"`
}

// FieldFailure names one field in the authority's way, e.g. invoice.irn.
type FieldFailure struct {
	Field   text `json:"field"`
	Message text `json:"message"`
}

// text is a string that may come as something else; then it is its JSON.
type text string

// UnmarshalJSON never fails: an error's text of an unexpected type must not
// hide the error.
func (t *text) UnmarshalJSON(raw []byte) error {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		*t = text(s)
		return nil
	}
	if s := string(raw); s != "null" {
		*t = text(s)
	}
	return nil
}

// parse answers the envelope in body; ok is false when there is none, for
// instance in the page of a proxy.
func parse(body []byte) (e Envelope, ok bool) {
	if err := json.Unmarshal(body, &e); err != nil {
		return Envelope{}, false
	}
	return e, e.Error != nil || e.Data != nil || e.Message != "" || e.Code != nil
}

// said is what the authority said, its most telling part first.
func (e Envelope) said() string {
	if e.Error == nil {
		return e.Message
	}
	parts := make([]string, 0, 2)
	for _, s := range []string{string(e.Error.Details), string(e.Error.Public), e.Message} {
		if s != "" && len(parts) < 2 {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "; ")
}

// accepted reports whether data is {"ok": true}.
func accepted(data json.RawMessage) bool {
	var d struct {
		OK bool `json:"ok"`
	}
	return json.Unmarshal(data, &d) == nil && d.OK
}
