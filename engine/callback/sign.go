package callback

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// HeaderBodyPrevious is the x-signature of the previous secret, while a rotation
// overlaps. X-Signature itself stays one value that receivers can compare.
const HeaderBodyPrevious = "X-Signature-Previous"

// Sign sets the signature headers of one attempt, which sdk/webhook verifies: id
// is the event's and the same on every attempt, at is the attempt's own time.
// secrets are as shown to integrators, the current one first; each signs.
// Without any, Sign fails: nothing leaves unsigned. Errors hold no part of a
// secret.
func Sign(h http.Header, secrets []string, id string, at time.Time, body []byte) error {
	if strings.ContainsAny(id, " \r\n") {
		return fmt.Errorf("sign callback: event id %q holds a blank", id)
	}
	if err := webhook.SetHeaders(h, secrets, id, at, body); err != nil {
		return fmt.Errorf("sign callback: %w", err)
	}
	if len(secrets) > 1 {
		h.Set(HeaderBodyPrevious, webhook.SignBody(secrets[1], body))
	}
	return nil
}
