package httpapi

import "github.com/afara-dev/afara/engine/domain"

// Route is a row of the table of routes as tests see it.
type Route struct {
	Method, Path string
	Scope        domain.Scope
	Body         bool
	Query        []string
	Sandpay      bool // errors have the form of the payments' contract
}

// Routes is the whole table.
func Routes() []Route {
	var out []Route
	for _, r := range (&api{}).routes() {
		out = append(out, Route{r.method, r.path, r.scope, r.limits.body, r.limits.query, r.limits.sandpay})
	}
	return out
}

// Split takes a submission apart and refuses it for what is around a sound
// invoice.
func Split(body []byte, members ...string) (environment string, invoice []byte, err error) {
	s, err := split(body, members...)
	if err == nil {
		err = s.refused(nil)
	}
	return s.environment, s.invoice, err
}

// OpenAPI is the embedded document.
func OpenAPI() []byte { return openapiYAML }

// DrawQR draws a QR.
func DrawQR(payload string, size int) ([]byte, error) { return drawQR(payload, size) }
