package simulator

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// notification is what the registry pushes after a registration.
type notification struct {
	ID        string `json:"id"`
	Type      string `json:"type"`
	Reference string `json:"reference"`
	At        string `json:"at"`
}

// Notification makes the signed request that tells url of a registration; the
// caller sends it, once, twice or never. ok is false when there is no such
// registration. The signature is the hexadecimal HMAC-SHA256 of timestamp, dot
// and body.
func (s *Simulator) Notification(ctx context.Context, url, reference string) (request *http.Request, ok bool, err error) {
	s.mu.Lock()
	d, found := s.book.byReference[reference]
	s.mu.Unlock()
	if !found {
		return nil, false, nil
	}
	body, err := json.Marshal(notification{
		ID: fmt.Sprintf("ntf_%d", d.Number), Type: "document.registered", Reference: reference, At: d.RegisteredAt,
	})
	if err != nil {
		return nil, false, err
	}
	request, err = http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, false, err
	}
	s.sign(request.Header, body, s.options.Now())
	return request, true, nil
}

func (s *Simulator) sign(h http.Header, body []byte, at time.Time) {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(s.options.WebhookSecret))
	m.Write([]byte(timestamp + "."))
	m.Write(body)
	h.Set("Content-Type", "application/json")
	h.Set("X-Echo-Timestamp", timestamp)
	h.Set("X-Echo-Signature", hex.EncodeToString(m.Sum(nil)))
}
