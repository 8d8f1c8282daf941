package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// SigningPrefix starts every signing secret, as Standard Webhooks writes it.
const SigningPrefix = "whsec_"

// NewSigningSecret makes the secret that signs an environment's callbacks:
// "whsec_" and the base64 of 32 random bytes.
func NewSigningSecret() string {
	return SigningPrefix + base64.StdEncoding.EncodeToString(random32())
}

// NewAPISecret makes the secret half of an API key: 32 random bytes in
// URL-safe base64 without padding.
func NewAPISecret() string { return base64.RawURLEncoding.EncodeToString(random32()) }

// NewPlainSecret is an API secret of small letters and digits alone, for keys that
// are one word: 32 random bytes in base32 without padding.
func NewPlainSecret() string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(random32()))
}

// Hash is what is stored of an API secret: the hex of its SHA-256. A slow hash
// such as bcrypt protects passwords that can be guessed; an API secret has 256
// random bits, which no one guesses however fast the hash is, and this one runs
// on every request.
func Hash(apiSecret string) string {
	sum := sha256.Sum256([]byte(apiSecret))
	return hex.EncodeToString(sum[:])
}

// Matches reports whether apiSecret has that hash, in a time that does not
// depend on where they differ.
func Matches(hash, apiSecret string) bool {
	return subtle.ConstantTimeCompare([]byte(hash), []byte(Hash(apiSecret))) == 1
}

// random32 cannot fail: crypto/rand ends the process rather than give weak bytes.
func random32() []byte {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return b
}
