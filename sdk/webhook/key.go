package webhook

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"time"
)

const (
	privatePrefix = "whsk_"
	publicPrefix  = "whpk_"
	versionKey    = "v1a,"
)

// Keys of the asymmetric scheme that cannot be used.
var (
	ErrPrivateKey = errors.New("webhook private key is not whsk_ followed by the base64 of an ed25519 seed of 32 bytes, or of seed and public key")
	ErrPublicKey  = errors.New("webhook public key is not whpk_ followed by the base64 of an ed25519 public key of 32 bytes")
)

// NewKeyPair makes a private key for SignKey and the public key that its
// receivers verify with.
func NewKeyPair() (private, public string) {
	pub, priv, _ := ed25519.GenerateKey(nil) // crypto/rand never answers an error
	return privatePrefix + base64.StdEncoding.EncodeToString(priv.Seed()), publicPrefix + base64.StdEncoding.EncodeToString(pub)
}

// PublicKey answers the public key of a private one.
func PublicKey(private string) (string, error) {
	key, err := privateOf(private)
	if err != nil {
		return "", err
	}
	return publicPrefix + base64.StdEncoding.EncodeToString(key[ed25519.SeedSize:]), nil
}

// SignKey makes the asymmetric Standard Webhooks signature of one callback,
// "v1a,<base64>": ed25519 over the same bytes that Sign covers.
func SignKey(private, id string, at time.Time, body []byte) (string, error) {
	key, err := privateOf(private)
	if err != nil {
		return "", err
	}
	if err := checkID(id); err != nil {
		return "", err
	}
	return versionKey + base64.StdEncoding.EncodeToString(ed25519.Sign(key, content(id, unix(at), body))), nil
}

// privateOf reads both forms in use: the seed alone, as the specification's own
// libraries do, and the seed followed by its public key.
func privateOf(private string) (ed25519.PrivateKey, error) {
	raw, ok := decodeKey(private, privatePrefix)
	if !ok || len(raw) != ed25519.SeedSize && len(raw) != ed25519.PrivateKeySize {
		return nil, ErrPrivateKey
	}
	key := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
	if len(raw) == ed25519.PrivateKeySize && !bytes.Equal(raw, key) {
		return nil, ErrPrivateKey
	}
	return key, nil
}

func publicOf(public string) (ed25519.PublicKey, error) {
	raw, ok := decodeKey(public, publicPrefix)
	if !ok || len(raw) != ed25519.PublicKeySize {
		return nil, ErrPublicKey
	}
	return raw, nil
}

// decodeKey answers without a cause: it would quote the key.
func decodeKey(text, prefix string) ([]byte, bool) {
	encoded, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return nil, false
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(encoded, "="))
	return raw, err == nil
}

func signedBy(key ed25519.PublicKey, id, timestamp string, body []byte) func([]byte) bool {
	signed := content(id, timestamp, body)
	return func(signature []byte) bool { return ed25519.Verify(key, signed, signature) }
}

// content is what both schemes sign.
func content(id, timestamp string, body []byte) []byte {
	b := make([]byte, 0, len(id)+len(timestamp)+len(body)+2)
	b = append(append(b, id...), '.')
	b = append(append(b, timestamp...), '.')
	return append(b, body...)
}
