package secret

import (
	"encoding/base64"
	"fmt"
	"strings"
)

// DefaultKeyID is the id of a master key that is given without one.
const DefaultKeyID = "default"

type namedKey struct {
	id  string
	raw []byte
}

// ParseKeyring reads AFARA_MASTER_KEY: the base64 of 32 bytes, or a list
// "id:base64,id2:base64" whose first key seals. A key without an id has
// DefaultKeyID. Errors name the key by its id and never show it.
func ParseKeyring(s string) (*Keyring, error) {
	if strings.TrimSpace(s) == "" {
		return nil, fmt.Errorf("secret: AFARA_MASTER_KEY is empty: set the base64 of %d random bytes (openssl rand -base64 %d)", KeySize, KeySize)
	}
	var keys []namedKey
	for part := range strings.SplitSeq(s, ",") {
		k, err := parseKey(strings.TrimSpace(part), len(keys)+1)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return newKeyring(keys)
}

func parseKey(part string, position int) (namedKey, error) {
	id, text, named := strings.Cut(part, ":")
	if !named {
		id, text = DefaultKeyID, part
	}
	if err := checkKeyID(id); err != nil {
		return namedKey{}, fmt.Errorf("secret: AFARA_MASTER_KEY, key %d: %w", position, err)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return namedKey{}, fmt.Errorf("secret: AFARA_MASTER_KEY, key %q: not standard base64: make one with openssl rand -base64 %d", id, KeySize)
	}
	if len(raw) != KeySize {
		return namedKey{}, fmt.Errorf("secret: AFARA_MASTER_KEY, key %q: %d bytes, want %d: make one with openssl rand -base64 %d", id, len(raw), KeySize, KeySize)
	}
	return namedKey{id: id, raw: raw}, nil
}

// checkKeyID does not repeat the id: what stands there may be half a key.
func checkKeyID(id string) error {
	if len(id) == 0 || len(id) > 32 {
		return fmt.Errorf("the key id must have 1 to 32 characters")
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return fmt.Errorf("the key id may hold only a-z, 0-9, - and _")
		}
	}
	return nil
}
