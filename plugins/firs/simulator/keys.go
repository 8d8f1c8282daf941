package simulator

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

const (
	keyBits         = 2048
	certificateSize = 32
)

// ErrStamp is why a QR text is not a stamp that the service would accept.
var ErrStamp = errors.New("not a stamp of this business")

// CryptoKeys is the content of crypto_keys.txt in its JSON form.
type CryptoKeys struct {
	// PublicKey is the base64 of a PEM block "PUBLIC KEY".
	PublicKey string `json:"public_key"`
	// Certificate is no X.509: it is base64 of base64 of 32 bytes.
	Certificate string `json:"certificate"`
}

func newKeys() (*rsa.PrivateKey, CryptoKeys, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, CryptoKeys{}, fmt.Errorf("make key: %w", err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, CryptoKeys{}, fmt.Errorf("encode public key: %w", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	secret := make([]byte, certificateSize)
	_, _ = rand.Read(secret) // never fails
	inner := base64.StdEncoding.EncodeToString(secret)
	return key, CryptoKeys{
		PublicKey:   base64.StdEncoding.EncodeToString(block),
		Certificate: base64.StdEncoding.EncodeToString([]byte(inner)),
	}, nil
}

func encodePrivate(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func parsePrivate(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("private key is no PEM block")
	}
	return x509.ParsePKCS1PrivateKey(block.Bytes)
}

// downloadKey is the key of the download cipher.
//
// Choice: that it is the 32-byte value inside the certificate is an inference
// from its size.
func (k CryptoKeys) downloadKey() ([]byte, error) {
	inner, err := base64.StdEncoding.DecodeString(k.Certificate)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return base64.StdEncoding.DecodeString(string(inner))
}

// Stamp is what a QR text says once decrypted.
type Stamp struct {
	// IRN is "<irn>.<unix seconds>".
	IRN         string `json:"irn"`
	Certificate string `json:"certificate"`
}

// openStamp decrypts a QR text with PKCS#1 v1.5, as the authority's buyer app
// does; a text made with OAEP does not open.
func openStamp(key *rsa.PrivateKey, qr string) (Stamp, error) {
	sealed, err := base64.StdEncoding.DecodeString(qr)
	if err != nil {
		return Stamp{}, fmt.Errorf("%w: no standard base64: %w", ErrStamp, err)
	}
	//lint:ignore SA1019 the authority's buyer app uses this padding
	plain, err := rsa.DecryptPKCS1v15(nil, key, sealed)
	if err != nil {
		return Stamp{}, fmt.Errorf("%w: no PKCS#1 v1.5 ciphertext of its key", ErrStamp)
	}
	var stamp Stamp
	if err := json.Unmarshal(plain, &stamp); err != nil {
		return Stamp{}, fmt.Errorf("%w: plaintext is no JSON", ErrStamp)
	}
	return stamp, nil
}
