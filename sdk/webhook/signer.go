package webhook

import (
	"net/http"
	"strings"
	"time"
)

// Signer makes the Standard Webhooks headers of callbacks. It does not change
// and may be used by many callbacks at once.
type Signer struct {
	// Secrets in use, the newest first; each signs. At least one.
	Secrets []string
	// PrivateKey is a whsk_ key that signs in addition (v1a); empty for none.
	PrivateKey string
}

// SetHeaders sets webhook-id, webhook-timestamp and webhook-signature, which
// lists the secrets' signatures and then the private key's. At is the time of
// the attempt. When it fails, h is as it was.
func (s Signer) SetHeaders(h http.Header, id string, at time.Time, body []byte) error {
	signatures, err := s.signatures(id, at, body)
	if err != nil {
		return err
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, unix(at))
	h.Set(HeaderSignature, strings.Join(signatures, " "))
	return nil
}

func (s Signer) signatures(id string, at time.Time, body []byte) ([]string, error) {
	if len(s.Secrets) == 0 {
		return nil, ErrNoSecret
	}
	signatures := make([]string, 0, len(s.Secrets)+1)
	for _, secret := range s.Secrets {
		signature, err := Sign(secret, id, at, body)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, signature)
	}
	if s.PrivateKey == "" {
		return signatures, nil
	}
	signature, err := SignKey(s.PrivateKey, id, at, body)
	return append(signatures, signature), err
}
