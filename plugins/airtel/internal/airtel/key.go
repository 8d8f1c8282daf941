package airtel

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

const (
	maxKey = 8 << 10 // of a key's text
	// minBits and maxBits bound what a key costs and is worth.
	minBits, maxBits = 1024, 8192
	// keyHolds is how long a key that Airtel gave is used. It tells until when
	// its key is valid, in a form that nobody has written down.
	keyHolds = time.Hour
)

// ParseKey reads a public RSA key: the base64 of its DER form (SPKI), as Airtel
// publishes it, with or without PEM's lines around it.
func ParseKey(text string) (*rsa.PublicKey, error) {
	if len(text) > maxKey {
		return nil, errors.New("the key is too long")
	}
	var der []byte
	if block, _ := pem.Decode([]byte(strings.TrimSpace(text))); block != nil {
		der = block.Bytes
	} else {
		var err error
		if der, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err != nil {
			return nil, errors.New("the key is neither PEM nor base64")
		}
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	key, ok := parsed.(*rsa.PublicKey)
	switch {
	case err != nil || !ok:
		return nil, errors.New("the key is no public RSA key (SPKI)")
	case key.N.BitLen() < minBits || key.N.BitLen() > maxBits:
		return nil, errors.New("the key has fewer than 1024 or more than 8192 bits")
	}
	return key, nil
}

// keys keeps the key that the connection was given, or the one that Airtel gave
// last.
type keys struct {
	now   func() time.Time
	given *rsa.PublicKey

	mu    sync.Mutex
	found *rsa.PublicKey
	until time.Time
}

func newKeys(given string, now func() time.Time) (*keys, error) {
	k := &keys{now: now}
	if given == "" {
		return k, nil
	}
	var err error
	k.given, err = ParseKey(given)
	return k, err
}

// get answers a key that holds, or nil.
func (k *keys) get() *rsa.PublicKey {
	if k.given != nil {
		return k.given
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.now().Before(k.until) {
		return nil
	}
	return k.found
}

func (k *keys) keep(key *rsa.PublicKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.found, k.until = key, k.now().Add(keyHolds)
}

func (k *keys) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.until = time.Time{}
}

// RenewKey asks Airtel for its key anew, where the connection has none.
func (c *Client) RenewKey(ctx context.Context) error {
	c.keys.forget()
	_, err := c.key(ctx)
	return err
}

// key answers the key that Airtel decrypts with. Calls that ask together may
// fetch it more than once, which changes nothing.
func (c *Client) key(ctx context.Context) (*rsa.PublicKey, error) {
	if key := c.keys.get(); key != nil {
		return key, nil
	}
	res, token, err := c.ask(ctx, httpclient.Request{Path: "/v1/rsa/encryption-keys"})
	if err != nil {
		return nil, err
	}
	v := Classify(res.Status, res.Body, false)
	if v.Class == sdk.Rejected { // the application, not the payout that waits for the key
		v.Class, v.Code, v.Message = sdk.Misconfigured, "key_refused", "Airtel gives the application no encryption key; set encryptionKey"
	}
	if v.Class != "" {
		return nil, c.failure(v, res, token)
	}
	key, err := parsePublished(res.Body)
	if err != nil {
		return nil, c.failure(doubt(false, "key_unreadable", "Airtel's encryption key: "+err.Error()), res, token)
	}
	c.keys.keep(key)
	return key, nil
}

// parsePublished reads the answer that holds the key.
func parsePublished(body []byte) (*rsa.PublicKey, error) {
	var answer struct {
		Data struct {
			Key string `json:"key"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, errors.New("the answer is no JSON with data.key")
	}
	return ParseKey(answer.Data.Key)
}
