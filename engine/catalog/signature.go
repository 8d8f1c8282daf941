package catalog

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
)

const (
	signatureSchema    = 1
	signatureAlgorithm = "ed25519"
	// signed goes before the index, so that no signature made for another
	// purpose is one over an index.
	signed = "afara connector index 1\n"
)

// Signer is who signed: a public key and its name.
type Signer struct {
	KeyID     string `json:"keyId"`
	PublicKey []byte `json:"publicKey"` // base64 in JSON
}

// keyForm is what KeyID answers.
var keyForm = regexp.MustCompile(`^ed25519-[0-9a-f]{32}$`)

// KeyID names a public key by its SHA-256, so that two people can compare it.
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return "ed25519-" + hex.EncodeToString(sum[:16])
}

func newSigner(public ed25519.PublicKey) *Signer {
	return &Signer{KeyID: KeyID(public), PublicKey: public}
}

func (s *Signer) check() error {
	if len(s.PublicKey) != ed25519.PublicKeySize {
		return fmt.Errorf("publicKey: %d bytes, an Ed25519 key has %d", len(s.PublicKey), ed25519.PublicKeySize)
	}
	if s.KeyID != KeyID(s.PublicKey) {
		return errors.New("keyId: not that of publicKey")
	}
	return nil
}

func (s *Signer) same(other *Signer) bool {
	return s != nil && other != nil && s.KeyID == other.KeyID && string(s.PublicKey) == string(other.PublicKey)
}

// String is the key's id, also where nobody signed.
func (s *Signer) String() string {
	if s == nil {
		return "unsigned"
	}
	return s.KeyID
}

// signature is index.sig.
type signature struct {
	Schema    int    `json:"schema"`
	Algorithm string `json:"algorithm"`
	Signer
	Signature []byte `json:"signature"`
}

func signIndex(index []byte, key ed25519.PrivateKey) ([]byte, error) {
	s := signature{
		Schema: signatureSchema, Algorithm: signatureAlgorithm,
		Signer:    *newSigner(key.Public().(ed25519.PublicKey)),
		Signature: ed25519.Sign(key, append([]byte(signed), index...)),
	}
	return encode(s)
}

// verifyIndex answers who signed the index. It trusts nobody: whether the
// signer may sign is the caller's question.
func verifyIndex(index, raw []byte) (*Signer, error) {
	s := new(signature)
	if err := decode(raw, s); err != nil {
		return nil, err
	}
	if s.Schema != signatureSchema || s.Algorithm != signatureAlgorithm {
		return nil, fmt.Errorf("schema %d with %.20q is not known, this build reads %d with %q", s.Schema, s.Algorithm, signatureSchema, signatureAlgorithm)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if !ed25519.Verify(s.PublicKey, append([]byte(signed), index...), s.Signature) {
		return nil, fmt.Errorf("does not fit %s: one of the two was changed", indexFile)
	}
	return &s.Signer, nil
}
