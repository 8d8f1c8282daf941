package webhook

import (
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// DefaultTolerance is how far a callback's time may be from the receiver's.
const DefaultTolerance = 5 * time.Minute

// maxSignatures bounds the work that a header can ask for.
const maxSignatures = 16

// Why a callback is not believed.
var (
	// ErrNoSecret: the receiver has neither. Nothing is believed then.
	ErrNoSecret = errors.New("no webhook secret or public key is configured")
	// ErrHeader: a signature header is missing, repeated or unreadable.
	ErrHeader = errors.New("webhook header is missing or malformed")
	// ErrTimestamp: the callback is too old, or from the future.
	ErrTimestamp = errors.New("webhook timestamp is outside the tolerance")
	// ErrSignature: no signature is right.
	ErrSignature = errors.New("webhook signature does not match")
)

// Verify proves that body and headers are a callback signed with one of the
// secrets, no further than tolerance from now (zero: DefaultTolerance). It is
// what a Verifier with these secrets does.
func Verify(secrets []string, header http.Header, body []byte, now time.Time, tolerance time.Duration) error {
	v := Verifier{Secrets: secrets, Tolerance: tolerance, Now: func() time.Time { return now }}
	return v.Verify(header, body)
}

// Verify proves that body and headers are a callback signed with one of the
// secrets or public keys, no further than the tolerance from now. Body must be
// the raw bytes as received. Signatures are compared in constant time.
//
// It demands the Standard Webhooks headers: an x-signature alone carries no time
// and could be replayed for ever. Beside them an x-signature proves nothing more
// and is not looked at; while a secret is being replaced it is the newest
// secret's alone, which a receiver may not have yet. The id (webhook-id) is the
// same on every retry of a callback: who acts on one keeps the ids it has seen.
func (v Verifier) Verify(header http.Header, body []byte) error {
	id, err := one(header, HeaderID)
	if err != nil {
		return err
	}
	timestamp, err := one(header, HeaderTimestamp)
	if err != nil {
		return err
	}
	signatures, err := one(header, HeaderSignature)
	if err != nil {
		return err
	}
	if err := timely(timestamp, v.now(), v.Tolerance); err != nil {
		return err
	}
	return v.verifyAny(id, timestamp, signatures, body)
}

func one(header http.Header, name string) (string, error) {
	values := header.Values(name)
	if len(values) != 1 || values[0] == "" {
		return "", fmt.Errorf("%w: want %s once, got it %d times", ErrHeader, strings.ToLower(name), len(values))
	}
	return values[0], nil
}

func timely(timestamp string, now time.Time, tolerance time.Duration) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != timestamp {
		return fmt.Errorf("%w: %s is not a Unix time in seconds", ErrHeader, strings.ToLower(HeaderTimestamp))
	}
	if tolerance <= 0 {
		tolerance = DefaultTolerance
	}
	// In whole seconds, because a difference of two far times would overflow a
	// Duration and could come out small.
	window := int64(tolerance / time.Second)
	if present := now.Unix(); seconds < present-window || seconds > present+window {
		return fmt.Errorf("%w of %s", ErrTimestamp, tolerance)
	}
	return nil
}

func (v Verifier) verifyAny(id, timestamp, signatures string, body []byte) error {
	if len(v.Secrets) == 0 && len(v.PublicKeys) == 0 {
		return ErrNoSecret
	}
	given := strings.Fields(signatures)
	if len(given) > maxSignatures {
		return fmt.Errorf("%w: more than %d signatures", ErrHeader, maxSignatures)
	}
	for _, secret := range v.Secrets {
		key, err := keyOf(secret)
		if err != nil {
			return err
		}
		if matchesAny(given, version, macOf(key, id, timestamp, body)) {
			return nil
		}
	}
	for _, public := range v.PublicKeys {
		key, err := publicOf(public)
		if err != nil {
			return err
		}
		if matchesAny(given, versionKey, signedBy(key, id, timestamp, body)) {
			return nil
		}
	}
	return ErrSignature
}

// matchesAny skips versions other than its own, as the specification asks.
func matchesAny(given []string, version string, right func(signature []byte) bool) bool {
	for _, s := range given {
		encoded, ok := strings.CutPrefix(s, version)
		if !ok {
			continue
		}
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && right(signature) {
			return true
		}
	}
	return false
}

func macOf(key []byte, id, timestamp string, body []byte) func([]byte) bool {
	want := mac(key, id, timestamp, body)
	return func(signature []byte) bool { return hmac.Equal(signature, want) }
}
