// Package cfb reads what the tax authority encrypts with AES in cipher
// feedback mode over whole blocks: the invoices that it lets one download.
package cfb

import (
	"crypto/aes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// Decrypt opens data (base64url) with key (32 bytes) and the initial vector iv
// (hexadecimal). The mode proves nothing about the content: a wrong key gives
// noise, not an error.
func Decrypt(key []byte, iv, data string) ([]byte, error) {
	feedback, err := hex.DecodeString(iv)
	if err != nil || len(feedback) != aes.BlockSize {
		return nil, fmt.Errorf("iv_hex: not %d hexadecimal bytes", aes.BlockSize)
	}
	sealed, err := decode(data)
	if err != nil {
		return nil, err
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("key: has %d bytes, want 32", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	plain, stream := make([]byte, len(sealed)), make([]byte, aes.BlockSize)
	for i := 0; i < len(sealed); i += aes.BlockSize {
		block.Encrypt(stream, feedback)
		end := min(i+aes.BlockSize, len(sealed))
		for j := i; j < end; j++ {
			plain[j] = sealed[j] ^ stream[j-i]
		}
		feedback = sealed[i:end]
	}
	return plain, nil
}

// decode takes base64url with or without its padding.
func decode(data string) ([]byte, error) {
	sealed, err := base64.URLEncoding.DecodeString(data)
	if err != nil {
		sealed, err = base64.RawURLEncoding.DecodeString(data)
	}
	if err != nil {
		return nil, errors.New("data: not base64url")
	}
	return sealed, nil
}
