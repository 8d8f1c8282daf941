// Package qr makes the text of the QR code on a registered invoice: the IRN,
// the time and the taxpayer's certificate, encrypted for the tax authority,
// whose buyer app alone can read it.
package qr

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const certificateSize = 32

// Keys are the two members of the crypto_keys.txt that the taxpayer downloads
// from the authority's portal. Safe for concurrent use.
type Keys struct {
	public      *rsa.PublicKey
	certificate string
	secret      []byte
}

// ParseFile reads crypto_keys.txt in either of its forms: JSON with public_key
// and certificate, or a PEM block followed by a line of base64.
func ParseFile(text string) (Keys, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		var file struct {
			PublicKey   string `json:"public_key"`
			Certificate string `json:"certificate"`
		}
		if err := json.Unmarshal([]byte(text), &file); err != nil {
			return Keys{}, fmt.Errorf("crypto keys: not the JSON of crypto_keys.txt: %w", err)
		}
		return Parse(file.PublicKey, file.Certificate)
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return Keys{}, errors.New("crypto keys: neither JSON nor a PEM block; paste the whole crypto_keys.txt")
	}
	return Parse(string(pem.EncodeToMemory(block)), strings.TrimSpace(string(rest)))
}

// Parse reads the two members: publicKey is a PEM block or its base64,
// certificate the base64 text as it stands in the file.
func Parse(publicKey, certificate string) (Keys, error) {
	public, err := parsePublic(publicKey)
	if err != nil {
		return Keys{}, fmt.Errorf("public key: %w", err)
	}
	secret, err := parseCertificate(certificate)
	if err != nil {
		return Keys{}, fmt.Errorf("certificate: %w", err)
	}
	return Keys{public: public, certificate: certificate, secret: secret}, nil
}

func parsePublic(text string) (*rsa.PublicKey, error) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "-----") {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, errors.New("neither a PEM block nor the base64 of one")
		}
		text = string(raw)
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("not a subject public key: %w", err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok || public.Size() != 256 {
		return nil, errors.New("not an RSA key of 2048 bits")
	}
	return public, nil
}

// parseCertificate checks that text is base64 of base64 of 32 bytes, which is
// what the authority calls a certificate, and answers those bytes.
func parseCertificate(text string) ([]byte, error) {
	inner, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("not base64")
	}
	secret, err := base64.StdEncoding.DecodeString(string(inner))
	if err != nil || len(secret) != certificateSize {
		return nil, fmt.Errorf("not base64 of base64 of %d bytes", certificateSize)
	}
	return secret, nil
}

// DownloadKey is the AES-256 key of downloaded invoices.
func (k Keys) DownloadKey() []byte { return k.secret }

// Stamp makes the text of the QR code of irn: standard base64 of one RSA block,
// 344 characters. The padding is random, so each call gives another text for
// the same invoice; keep the first.
func (k Keys) Stamp(irn string, at time.Time) (string, error) {
	if k.public == nil {
		return "", errors.New("stamp: no keys")
	}
	plain, err := json.Marshal(struct {
		IRN         string `json:"irn"`
		Certificate string `json:"certificate"`
	}{irn + "." + strconv.FormatInt(at.Unix(), 10), k.certificate})
	if err != nil {
		return "", fmt.Errorf("stamp: %w", err)
	}
	//lint:ignore SA1019 the authority's app opens no other padding
	sealed, err := rsa.EncryptPKCS1v15(nil, k.public, plain)
	if err != nil {
		return "", fmt.Errorf("stamp: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}
