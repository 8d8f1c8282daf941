package airtel

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// The paddings of RSA. Airtel's clients differ, by their age.
const (
	PaddingPKCS1  = "pkcs1v15"
	PaddingSHA1   = "oaep_sha1"
	PaddingSHA256 = "oaep_sha256"
)

// encrypt writes a text so that only Airtel reads it: base64 of RSA.
func (c *Client) encrypt(ctx context.Context, plain string) (string, error) {
	key, err := c.key(ctx)
	if err != nil {
		return "", err
	}
	sealed, err := seal(key, c.config.Padding, []byte(plain))
	if err != nil {
		return "", sdk.Misconfiguredf("key_unfit", "the encryption key cannot be used with the padding %s: %w", c.config.Padding, err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

func seal(key *rsa.PublicKey, padding string, plain []byte) ([]byte, error) {
	switch padding {
	case PaddingPKCS1:
		//lint:ignore SA1019 Airtel's older clients use this padding, and it decrypts no other where it does
		return rsa.EncryptPKCS1v15(rand.Reader, key, plain)
	case PaddingSHA1:
		return rsa.EncryptOAEP(sha1.New(), rand.Reader, key, plain, nil)
	case PaddingSHA256:
		return rsa.EncryptOAEP(sha256.New(), rand.Reader, key, plain, nil)
	}
	return nil, errors.New("it is none")
}

// sign adds Airtel's message signature to a request: the body under an AES key
// of its own (CBC, PKCS#5), and that key under Airtel's.
func (c *Client) sign(ctx context.Context, r httpclient.Request) error {
	var secret [2 * aes.BlockSize]byte
	var iv [aes.BlockSize]byte
	_, _ = rand.Read(secret[:]) // never fails
	_, _ = rand.Read(iv[:])
	block, err := aes.NewCipher(secret[:])
	if err != nil {
		return sdk.Internalf("request_unwritable", "sign: %w", err)
	}
	missing := aes.BlockSize - len(r.Body)%aes.BlockSize
	sealed := append(bytes.Clone(r.Body), bytes.Repeat([]byte{byte(missing)}, missing)...)
	cipher.NewCBCEncrypter(block, iv[:]).CryptBlocks(sealed, sealed)
	b64 := base64.StdEncoding.EncodeToString
	key, err := c.encrypt(ctx, b64(secret[:])+":"+b64(iv[:]))
	if err != nil {
		return err
	}
	r.Header.Set("x-signature", b64(sealed))
	r.Header.Set("x-key", key)
	return nil
}
