package secret

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"strings"
)

// form marks how a value was sealed, so that another way can follow.
const form = "s1"

// Seal encrypts plain under the current key with AES-256-GCM. aad says where
// the value belongs, e.g. "environment/env_…/signing_secret": a value moved to
// another row does not open. The answer is printable and holds the key id.
//
// Nonces are random: rotate a key well before it has sealed 2^32 values.
func (k *Keyring) Seal(plain []byte, aad string) (string, error) {
	id := k.Current()
	gcm := k.keys[id].aead
	nonce := make([]byte, gcm.NonceSize(), gcm.NonceSize()+len(plain)+gcm.Overhead())
	if _, err := rand.Read(nonce); err != nil {
		return "", fmt.Errorf("seal: %w", err)
	}
	box := gcm.Seal(nonce, nonce, plain, bind(id, aad))
	return form + ":" + id + ":" + base64.RawURLEncoding.EncodeToString(box), nil
}

// Open decrypts what Seal made with the same aad. The error is ErrUnknownKey or
// ErrSealed and never holds any of the value.
func (k *Keyring) Open(sealed, aad string) ([]byte, error) {
	id, body, err := split(sealed)
	if err != nil {
		return nil, err
	}
	key, ok := k.keys[id]
	if !ok {
		return nil, fmt.Errorf("%w (key id %q)", ErrUnknownKey, id)
	}
	box, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(box) < key.aead.NonceSize() {
		return nil, ErrSealed
	}
	nonce, box := box[:key.aead.NonceSize()], box[key.aead.NonceSize():]
	plain, err := key.aead.Open(nil, nonce, box, bind(id, aad))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// KeyOf says under which key id a value was sealed, without opening it.
func KeyOf(sealed string) (string, error) {
	id, _, err := split(sealed)
	return id, err
}

func split(sealed string) (id, body string, err error) {
	rest, ok := strings.CutPrefix(sealed, form+":")
	if !ok {
		return "", "", ErrSealed
	}
	id, body, ok = strings.Cut(rest, ":")
	// Go's base64 skips line ends: one value would have many forms.
	if !ok || checkKeyID(id) != nil || strings.ContainsAny(body, "\r\n") {
		return "", "", ErrSealed
	}
	return id, body, nil
}

// bind makes form and key id part of what is authenticated.
func bind(id, aad string) []byte { return []byte(form + ":" + id + ":" + aad) }
