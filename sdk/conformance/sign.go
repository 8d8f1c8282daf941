package conformance

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// timed reports whether the signature covers a time.
func (w *Webhook) timed() bool { return strings.Contains(w.Sign.Text, "${timestamp}") }

// signed makes the push as the vendor would send it at a time.
func (w *Webhook) signed(v values, at time.Time, secret string) (*connectorpb.HandleWebhookRequest, error) {
	v = v.with("timestamp", strconv.FormatInt(at.Unix(), 10))
	body, err := w.body(v)
	if err != nil {
		return nil, err
	}
	query, err := v.text(w.Query)
	if err != nil {
		return nil, err
	}
	received := at
	if w.ReceivedAt != "" {
		if received, err = time.Parse(time.RFC3339, w.ReceivedAt); err != nil {
			return nil, err
		}
	}
	in := &connectorpb.HandleWebhookRequest{
		Kind: w.Kind, Method: w.Method, Path: w.Path, Query: query, Body: body, ReceivedUnixMicros: received.UnixMicro(),
	}
	if in.Method == "" {
		in.Method = http.MethodPost
	}
	for _, name := range slices.Sorted(maps.Keys(w.Header)) {
		value, err := v.text(w.Header[name])
		if err != nil {
			return nil, err
		}
		in.Headers = append(in.Headers, &connectorpb.Header{Name: name, Values: []string{value}})
	}
	if w.Sign == nil {
		return in, nil
	}
	text, err := v.with("body", string(body)).text(w.Sign.Text)
	if err != nil {
		return nil, err
	}
	in.Headers = append(in.Headers, &connectorpb.Header{Name: w.Sign.Header, Values: []string{w.Sign.Prefix + w.Sign.of(secret, text)}})
	return in, nil
}

func (w *Webhook) body(v values) ([]byte, error) {
	return v.bytes(w.Body)
}

// bytes fills a body: a text as it stands, else JSON.
func (v values) bytes(body any) ([]byte, error) {
	if text, isText := body.(string); isText {
		filled, err := v.text(text)
		return []byte(filled), err
	}
	return v.json(body)
}

func (s *Sign) of(secret, text string) string {
	m := hmac.New(map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}[s.Algorithm], []byte(secret))
	m.Write([]byte(text))
	if s.Encoding == "hex" {
		return hex.EncodeToString(m.Sum(nil))
	}
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}
