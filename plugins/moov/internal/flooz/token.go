package flooz

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
)

// KeyBytes is how long the key is that a Token is made with.
const KeyBytes = 32

// Token is what opens every SOAP call: user and password, encrypted with the key
// that Moov gave the merchant (AES-256-CBC, PKCS #7, an initial vector of zeros,
// base64). It is the same each time, and so as good as the password.
func Token(user, password, key string) (string, error) {
	if len(key) != KeyBytes {
		return "", fmt.Errorf("the key has %d bytes, want %d", len(key), KeyBytes)
	}
	block, err := aes.NewCipher([]byte(key))
	if err != nil {
		return "", err
	}
	plain := []byte("0:" + user + ":" + password)
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	plain = append(plain, bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(plain, plain)
	return base64.StdEncoding.EncodeToString(plain), nil
}
