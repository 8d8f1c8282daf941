package webhook

import (
	"crypto/hmac"
	"crypto/rand"
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

// The headers of a callback.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
	HeaderBody      = "X-Signature"
)

const (
	secretPrefix = "whsec_"
	version      = "v1,"
	// The Standard Webhooks specification wants keys of 24 to 64 bytes.
	minKey, maxKey = 24, 64
)

// ErrSecret is a secret that is not whsec_ and the base64 of 24 to 64 bytes.
var ErrSecret = errors.New("webhook secret is not whsec_ followed by the base64 of 24 to 64 bytes")

// NewSecret makes a secret of 32 random bytes.
func NewSecret() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // it never answers an error
	return secretPrefix + base64.StdEncoding.EncodeToString(key[:])
}

// Sign makes the Standard Webhooks signature of one callback, "v1,<base64>".
// id may hold no dot: a dot parts it from the time in what is signed.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	key, err := keyOf(secret)
	if err != nil {
		return "", err
	}
	if err := checkID(id); err != nil {
		return "", err
	}
	return version + base64.StdEncoding.EncodeToString(mac(key, id, unix(at), body)), nil
}

// SignBody makes the x-signature of a body: the lower-case hexadecimal
// HMAC-SHA256 under the bytes of the secret as shown.
func SignBody(secret string, body []byte) string {
	return hex.EncodeToString(macBody(secret, body))
}

func macBody(secret string, body []byte) []byte {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return m.Sum(nil)
}

// SetHeaders signs a callback into h with every secret in use, the newest
// first: webhook-signature lists one signature for each, x-signature is the
// newest secret's.
func SetHeaders(h http.Header, secrets []string, id string, at time.Time, body []byte) error {
	if err := (Signer{Secrets: secrets}).SetHeaders(h, id, at, body); err != nil {
		return err
	}
	h.Set(HeaderBody, SignBody(secrets[0], body))
	return nil
}

func keyOf(secret string) ([]byte, error) {
	key, ok := decodeKey(secret, secretPrefix)
	if !ok || len(key) < minKey || len(key) > maxKey {
		return nil, ErrSecret
	}
	return key, nil
}

func checkID(id string) error {
	if id == "" || strings.Contains(id, ".") {
		return fmt.Errorf("sign callback: id %q is empty or holds a dot", id)
	}
	return nil
}

func unix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

func mac(key []byte, id, timestamp string, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + timestamp + "."))
	m.Write(body)
	return m.Sum(nil)
}
