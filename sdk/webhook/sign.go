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
	if id == "" || strings.Contains(id, ".") {
		return "", fmt.Errorf("sign callback: id %q is empty or holds a dot", id)
	}
	return version + base64.StdEncoding.EncodeToString(mac(key, id, strconv.FormatInt(at.Unix(), 10), body)), nil
}

// SignBody makes the x-signature of a body: the lower-case hexadecimal
// HMAC-SHA256 under the bytes of the secret as shown.
func SignBody(secret string, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	m.Write(body)
	return hex.EncodeToString(m.Sum(nil))
}

// SetHeaders signs a callback into h with every secret in use, the newest
// first: webhook-signature lists one signature for each, x-signature is the
// newest secret's.
func SetHeaders(h http.Header, secrets []string, id string, at time.Time, body []byte) error {
	if len(secrets) == 0 {
		return ErrNoSecret
	}
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signature, err := Sign(secret, id, at, body)
		if err != nil {
			return err
		}
		signatures[i] = signature
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	h.Set(HeaderSignature, strings.Join(signatures, " "))
	h.Set(HeaderBody, SignBody(secrets[0], body))
	return nil
}

func keyOf(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, ErrSecret
	}
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err != nil || len(key) < minKey || len(key) > maxKey {
		return nil, ErrSecret // without the cause: it quotes the secret
	}
	return key, nil
}

func mac(key []byte, id, timestamp string, body []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(id + "." + timestamp + "."))
	m.Write(body)
	return m.Sum(nil)
}
