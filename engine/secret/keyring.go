package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// KeySize is the length of a master key in bytes.
const KeySize = 32

// Errors that callers tell apart.
var (
	// ErrUnknownKey is a value sealed under a key that the keyring lacks.
	ErrUnknownKey = errors.New("secret: sealed under a key that is not in AFARA_MASTER_KEY: add that key after the current one")
	// ErrSealed is a value that does not open: changed, cut, or sealed for
	// another place.
	ErrSealed = errors.New("secret: the sealed value does not open: it was changed or belongs to another row")
)

// Keyring holds the master keys. The first one seals, all of them open, so a
// key is rotated by putting a new one in front. It does not change after it was
// made and is safe for concurrent use.
type Keyring struct {
	ids  []string
	keys map[string]key
}

// key is what is derived from one master key; the master key itself is dropped.
// Separate derived keys keep the check value, which is stored in the clear,
// from saying anything about the sealing key.
type key struct {
	aead  cipher.AEAD
	check string
}

// newKeyring takes keys in order, the current one first.
func newKeyring(parsed []namedKey) (*Keyring, error) {
	k := &Keyring{keys: make(map[string]key, len(parsed))}
	for _, p := range parsed {
		if _, twice := k.keys[p.id]; twice {
			return nil, fmt.Errorf("secret: master key id %q is given twice: give each key its own id", p.id)
		}
		derived, err := derive(p.raw)
		if err != nil {
			return nil, fmt.Errorf("secret: master key %q: %w", p.id, err)
		}
		k.keys[p.id] = derived
		k.ids = append(k.ids, p.id)
	}
	return k, nil
}

func derive(master []byte) (key, error) {
	sealing, err := hkdf.Key(sha256.New, master, nil, "afara seal v1", KeySize)
	if err != nil {
		return key{}, err
	}
	checking, err := hkdf.Key(sha256.New, master, nil, "afara check v1", KeySize)
	if err != nil {
		return key{}, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return key{}, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return key{}, err
	}
	mac := hmac.New(sha256.New, checking)
	mac.Write([]byte("check value"))
	return key{aead: aead, check: hex.EncodeToString(mac.Sum(nil)[:16])}, nil
}

// IDs lists the key ids, the current one first.
func (k *Keyring) IDs() []string { return slices.Clone(k.ids) }

// Current is the id of the key that seals.
func (k *Keyring) Current() string { return k.ids[0] }

// CheckValue is a public fingerprint of the key with that id, empty when the
// keyring lacks it. Stored beside the id, it tells at the next start whether
// the id still means the same key; it reveals nothing about the key.
func (k *Keyring) CheckValue(id string) string { return k.keys[id].check }
