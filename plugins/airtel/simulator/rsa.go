package simulator

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"
)

// privateKey is made when it is first needed, for all simulators of the process:
// that takes a while.
var privateKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// giveKey publishes the key that PINs are encrypted with: a new one at each
// start.
func (s *Simulator) giveKey(w http.ResponseWriter, _ *request) {
	der, err := publicKey()
	if err != nil {
		unavailable().write(w)
		return
	}
	told(w, map[string]string{
		"key_id": s.mark("key")[:half], "key": base64.StdEncoding.EncodeToString(der),
		"valid_upto": s.now().AddDate(1, 0, 0).Format(time.RFC3339), // Choice: the form
	}, "", codeKeys)
}

// publicKey is the key's DER form (SPKI).
func publicKey() ([]byte, error) {
	key, err := privateKey()
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKIXPublicKey(&key.PublicKey)
}

// unseal decrypts with the padding that is set and no other; nil when it cannot.
func (s *Simulator) unseal(text string) []byte {
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(sealed) == 0 {
		return nil
	}
	key, err := privateKey()
	if err != nil {
		return nil
	}
	var plain []byte
	switch s.current().RSAPadding {
	case paddingPKCS1:
		//lint:ignore SA1019 Airtel's older clients use this padding
		plain, err = rsa.DecryptPKCS1v15(nil, key, sealed)
	case paddingSHA256:
		plain, err = rsa.DecryptOAEP(sha256.New(), nil, key, sealed, nil)
	default:
		plain, err = rsa.DecryptOAEP(sha1.New(), nil, key, sealed, nil)
	}
	if err != nil {
		return nil
	}
	return plain
}

// signedRight reports whether x-signature is the body under the key of x-key.
func (s *Simulator) signedRight(rq *request) bool {
	secret, iv, both := strings.Cut(string(s.unseal(rq.Header.Get("x-key"))), ":")
	key, keyErr := base64.StdEncoding.DecodeString(secret)
	vector, vectorErr := base64.StdEncoding.DecodeString(iv)
	sealed, err := base64.StdEncoding.DecodeString(rq.Header.Get("x-signature"))
	if !both || keyErr != nil || vectorErr != nil || err != nil || len(key) != 32 || len(vector) != aes.BlockSize ||
		len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 {
		return false
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return false
	}
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(sealed, sealed)
	padding := int(sealed[len(sealed)-1])
	if padding < 1 || padding > aes.BlockSize || !bytes.Equal(sealed[len(sealed)-padding:], bytes.Repeat([]byte{byte(padding)}, padding)) {
		return false
	}
	return bytes.Equal(sealed[:len(sealed)-padding], rq.body)
}
