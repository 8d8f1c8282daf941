package callback

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// DefaultHeaderPrefix begins the names of the headers of FormatAfara.
const DefaultHeaderPrefix = "X-"

// previousSuffix ends the name of the header that carries the signature of the
// previous secret while a rotation overlaps. The header itself stays one value,
// the newest secret's, that receivers can compare.
const previousSuffix = "-Previous"

// Sign sets the headers of the request's format, over Body as it stands: the
// Standard Webhooks headers, which sdk/webhook verifies, and the format's own.
// at is the attempt's own time; the id is the event's and the same on every
// attempt. prefix is that of FormatAfara. Every secret signs; without any, Sign
// fails: nothing leaves unsigned. Errors hold no part of a secret.
func (r Request) Sign(h http.Header, prefix string, at time.Time) error {
	id := string(r.EventID)
	if strings.ContainsAny(id, " \r\n") {
		return fmt.Errorf("sign callback: event id %q holds a blank", id)
	}
	name, lead, err := r.Format.signature(prefix)
	if err != nil {
		return fmt.Errorf("sign callback: %w", err)
	}
	signer := webhook.Signer{Secrets: r.Secrets, PrivateKey: r.PrivateKey}
	if err := signer.SetHeaders(h, id, at, r.Body); err != nil {
		return fmt.Errorf("sign callback: %w", err)
	}
	spelled(h, name, lead+webhook.SignBody(r.Secrets[0], r.Body))
	if len(r.Secrets) > 1 {
		spelled(h, name+previousSuffix, lead+webhook.SignBody(r.Secrets[1], r.Body))
	}
	if r.Format == FormatSandpay {
		spelled(h, "X-SandPay-Event", r.EventType)
	}
	return nil
}

// signature answers the name of the format's own signature header and what
// stands before the hex in it.
func (f Format) signature(prefix string) (name, lead string, err error) {
	switch f {
	case "", FormatAfara:
		return prefix + "Signature", "", nil
	case FormatDigitax:
		return "X-Signature", "", nil
	case FormatFinora:
		return "X-Finora-Signature", "sha256=", nil
	case FormatSandpay:
		return "X-SandPay-Signature", "sha256=", nil
	}
	return "", "", fmt.Errorf("%.40q is not a payload format", string(f))
}

// spelled sets a header whose name goes out letter by letter as its contract
// spells it, over HTTP/1.1; receivers must not care, and some do.
func spelled(h http.Header, name, value string) { h[name] = []string{value} }
