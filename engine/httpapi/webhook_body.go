package httpapi

import (
	"net/http"

	"github.com/afara-dev/afara/engine/callback"
)

// decodeWebhook is decodeForm for what is said of a webhook.
func (a *api) decodeWebhook(r *http.Request, name string) (in callback.EndpointPatch, body []byte, err error) {
	in.Form.Form, body, err = a.decodeForm(r, name, &in)
	return in, body, err
}
