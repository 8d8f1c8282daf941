package tenant

import (
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
)

// KeyFormat is how a key is written. Every route takes every format.
type KeyFormat string

const (
	// FormatAfara is keyId:secret.
	FormatAfara KeyFormat = "afara"
	// FormatSandPay is one word, as clients of SandPay expect it: sp_sk_test_, or
	// sp_sk_live_ in production, the key's id in small letters and its secret.
	FormatSandPay KeyFormat = "sandpay"
)

const (
	sandPay     = "sp_sk_"
	sandPayTest = sandPay + "test_"
	sandPayLive = sandPay + "live_"
	ulidLength  = 26
)

// begins is the part of a key that names it and is no secret.
func begins(id domain.KeyID, format KeyFormat, kind domain.EnvironmentKind) string {
	if format != FormatSandPay {
		return string(id) + ":"
	}
	prefix := sandPayTest
	if kind == domain.Production {
		prefix = sandPayLive
	}
	return prefix + strings.ToLower(strings.TrimPrefix(string(id), domain.PrefixKey))
}

// mint makes the key itself and the hash that is stored of it. That of a key of
// one word is of the whole word, so that a test key is no live one.
func (k Key) mint() (shown, hash string) {
	if k.Format == FormatSandPay {
		shown = k.Begins + secret.NewPlainSecret()
		return shown, secret.Hash(shown)
	}
	apiSecret := secret.NewAPISecret()
	return k.Begins + apiSecret, secret.Hash(apiSecret)
}

// maxKey is longer than any key.
const maxKey = 256

// parseKey takes a key apart: whose it claims to be, and what has the hash that
// is stored. It is false for what is no key.
func parseKey(bearer string) (id domain.KeyID, hashed string, ok bool) {
	if len(bearer) > maxKey {
		return "", "", false
	}
	word, ok := strings.CutPrefix(bearer, sandPayTest)
	if !ok {
		word, ok = strings.CutPrefix(bearer, sandPayLive)
	}
	if ok {
		if len(word) <= ulidLength {
			return "", "", false
		}
		id, hashed = domain.KeyID(domain.PrefixKey+strings.ToUpper(word[:ulidLength])), bearer
	} else {
		before, after, found := strings.Cut(bearer, ":")
		if !found {
			return "", "", false
		}
		id, hashed = domain.KeyID(before), after
	}
	return id, hashed, domain.IsID(domain.PrefixKey, string(id))
}
