package callback

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed callback. The first three are Standard Webhooks 1.0.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
	// HeaderBody holds the hex HMAC-SHA256 of the raw body, keyed with the UTF-8
	// bytes of the whole current secret as shown ("whsec_…").
	HeaderBody = "X-Signature"
	// HeaderBodyPrevious is the same with the previous secret, while a rotation
	// overlaps. X-Signature itself stays one value that receivers can compare.
	HeaderBodyPrevious = "X-Signature-Previous"
)

// secretPrefix marks a secret whose key is the base64 after it.
const secretPrefix = "whsec_"

// Sign sets the signature headers of one attempt: id is the event's and the
// same on every attempt, at is the attempt's own time. secrets are as shown to
// integrators, the current one first; each signs. Without any, Sign fails:
// nothing leaves unsigned. Errors hold no part of a secret.
func Sign(h http.Header, secrets []string, id string, at time.Time, body []byte) error {
	if len(secrets) == 0 {
		return errors.New("sign callback: no signing secret")
	}
	// A full stop would let one id and body be read as another id and body.
	if id == "" || strings.ContainsAny(id, ". \r\n") {
		return fmt.Errorf("sign callback: event id %q is empty or holds a full stop or blank", id)
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, s := range secrets {
		key, err := signingKey(s)
		if err != nil {
			return err
		}
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac(key, id, ".", timestamp, ".", string(body)))
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, timestamp)
	h.Set(HeaderSignature, strings.Join(signatures, " "))
	h.Set(HeaderBody, hex.EncodeToString(mac([]byte(secrets[0]), string(body))))
	if len(secrets) > 1 {
		h.Set(HeaderBodyPrevious, hex.EncodeToString(mac([]byte(secrets[1]), string(body))))
	}
	return nil
}

// signingKey decodes the key of a secret: 24 to 64 bytes, as Standard Webhooks
// asks.
func signingKey(shown string) ([]byte, error) {
	text, ok := strings.CutPrefix(shown, secretPrefix)
	if !ok {
		return nil, errors.New("sign callback: a signing secret does not begin with whsec_")
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errors.New("sign callback: a signing secret is not the base64 of 24 to 64 bytes")
	}
	return key, nil
}

func mac(key []byte, parts ...string) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write([]byte(p))
	}
	return m.Sum(nil)
}
