package webhook

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
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
	// ErrNoSecret: the receiver has no secret. Nothing is believed then.
	ErrNoSecret = errors.New("no webhook secret is configured")
	// ErrHeader: a signature header is missing, repeated or unreadable.
	ErrHeader = errors.New("webhook header is missing or malformed")
	// ErrTimestamp: the callback is too old, or from the future.
	ErrTimestamp = errors.New("webhook timestamp is outside the tolerance")
	// ErrSignature: no signature is right.
	ErrSignature = errors.New("webhook signature does not match")
)

// Verify proves that body and headers are a callback signed with one of the
// secrets, no further than tolerance from now (zero: DefaultTolerance). Body
// must be the raw bytes as received. Signatures are compared in constant time.
//
// It demands the Standard Webhooks headers: an x-signature alone carries no time
// and could be replayed for ever. Beside them an x-signature proves nothing more
// and is not looked at; while a secret is being replaced it is the newest
// secret's alone, which a receiver may not have yet. The id (webhook-id) is the same on every retry of a callback:
// who acts on one keeps the ids it has seen.
func Verify(secrets []string, header http.Header, body []byte, now time.Time, tolerance time.Duration) error {
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
	if err := timely(timestamp, now, tolerance); err != nil {
		return err
	}
	return verifyAny(secrets, id, timestamp, signatures, body)
}

// VerifyBody proves an x-signature alone, for receivers that have nothing else.
// It cannot tell a replay: keep the event ids that were seen.
func VerifyBody(secrets []string, signature string, body []byte) error {
	given, err := hex.DecodeString(signature)
	if err != nil {
		return fmt.Errorf("%w: %s is not hexadecimal", ErrHeader, HeaderBody)
	}
	if len(secrets) == 0 {
		return ErrNoSecret
	}
	for _, secret := range secrets {
		want, err := hex.DecodeString(SignBody(secret, body))
		if err == nil && secret != "" && hmac.Equal(want, given) {
			return nil
		}
	}
	return ErrSignature
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

func verifyAny(secrets []string, id, timestamp, signatures string, body []byte) error {
	if len(secrets) == 0 {
		return ErrNoSecret
	}
	given := strings.Fields(signatures)
	if len(given) > maxSignatures {
		return fmt.Errorf("%w: more than %d signatures", ErrHeader, maxSignatures)
	}
	for _, secret := range secrets {
		key, err := keyOf(secret)
		if err != nil {
			return err
		}
		want := mac(key, id, timestamp, body)
		for _, s := range given {
			if matches(s, want) {
				return nil
			}
		}
	}
	return ErrSignature
}

// matches skips versions that it does not know, as the specification asks.
func matches(signature string, want []byte) bool {
	encoded, ok := strings.CutPrefix(signature, version)
	if !ok {
		return false
	}
	given, err := base64.StdEncoding.DecodeString(encoded)
	return err == nil && hmac.Equal(given, want)
}
