package airtel

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/afara-dev/afara/schemas"
)

// Callback is what a callback claims.
type Callback struct {
	Reference string // ours
	State     string // TS or TF; a callback gives no reason

	hash   string
	hashed []byte // the transaction as it stands in the callback
}

// ParseCallback reads a callback. Anybody may have sent it.
func ParseCallback(raw []byte) (Callback, error) {
	var body struct {
		Transaction json.RawMessage `json:"transaction"`
		Hash        text            `json:"hash"`
	}
	var t struct {
		ID    text `json:"id"`
		State text `json:"status_code"`
	}
	if !object(raw) || json.Unmarshal(raw, &body) != nil || !object(body.Transaction) ||
		json.Unmarshal(body.Transaction, &t) != nil || t.ID == "" || t.State == "" {
		return Callback{}, errors.New("the callback is no JSON object with a transaction that has id and status_code")
	}
	return Callback{Reference: string(t.ID), State: word(t.State), hash: string(body.Hash), hashed: body.Transaction}, nil
}

// Holds reports whether the hash was made with the key: the base64 of HMAC-SHA256
// over the transaction, as it came or without the blanks between its members,
// for it may have been written anew since it was hashed.
func (c Callback) Holds(key string) bool {
	given, err := base64.StdEncoding.DecodeString(c.hash)
	if err != nil || len(given) != sha256.Size {
		return false
	}
	var dense bytes.Buffer
	if json.Compact(&dense, c.hashed) != nil {
		return false
	}
	return holds(key, c.hashed, given) || holds(key, dense.Bytes(), given)
}

func holds(key string, content, given []byte) bool {
	m := hmac.New(sha256.New, []byte(key))
	m.Write(content)
	return hmac.Equal(m.Sum(nil), given)
}

// Contradicts reports whether the callback claims another end than a status.
func (c Callback) Contradicts(s schemas.PaymentStatus) bool {
	switch c.State {
	case "TS":
		return s != schemas.PaymentSuccess
	case stateFailed, "TE":
		return s == schemas.PaymentSuccess || !s.Final()
	}
	return false // no end
}
