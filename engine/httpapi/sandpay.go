package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

// The payments API has a contract of its own: SandPay's. What differs from the
// rest of this API is here: paths, headers and errors.

// sandpayVersion is the version of the contract that the payments API keeps.
const sandpayVersion = "2026-05-31"

const headerSandpay = "X-SandPay-Api-Version"

// sandpay serves the routes under /v1 under /api/v1 too, where clients of a
// self-hosted instance look for them, also behind the second slash that a base
// address with one at its end makes; and names the contract's version on every
// answer of theirs.
func sandpay(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		if strings.HasPrefix(path, "//") {
			path = "/" + strings.TrimLeft(path, "/")
		}
		if rest, ok := strings.CutPrefix(path, "/api/v1/"); ok {
			path = "/v1/" + rest
		}
		if strings.HasPrefix(path, "/v1/") {
			w.Header().Set(headerSandpay, sandpayVersion)
			if path != r.URL.Path {
				r.URL.Path, r.URL.RawPath = path, ""
			}
		}
		next.ServeHTTP(w, r)
	})
}

// sandpayError is the contract's form of every error.
type sandpayError struct {
	Error   string         `json:"error"`
	Message string         `json:"message"`
	Detail  map[string]any `json:"detail,omitempty"`
}

// sandpayCode gives an error the status and the code that the contract has for it.
func sandpayCode(e *domain.Error) (status int, code string) {
	status, _ = statusOf(e.Kind)
	switch e.Kind {
	case domain.KindUnauthenticated:
		if e.Code == errNoKey.Code && e.Detail == errNoKey.Detail {
			return status, "unauthorized"
		}
		return status, "invalid_api_key"
	case domain.KindMalformed, domain.KindMediaType, domain.KindTooLarge:
		if e.Code == codeMalformedQuery {
			return status, "invalid_params"
		}
		return status, "invalid_body"
	case domain.KindInvalid:
		switch e.Code {
		case errQuery.Code:
			return http.StatusBadRequest, "invalid_params"
		case "invalid_body":
			return http.StatusBadRequest, e.Code
		}
	case domain.KindTooManyRequests:
		return status, "rate_limited"
	case domain.KindUnavailable, domain.KindInternal:
		return status, "internal"
	}
	return status, e.Code
}

// failAt answers err in the form of what is at the path.
func (a *api) failAt(w http.ResponseWriter, r *http.Request, err error) {
	for _, route := range a.paymentRoutes() {
		root, _, _ := strings.Cut(route.path, "/{")
		if r.URL.Path == root || strings.HasPrefix(r.URL.Path, root+"/") {
			a.failSandpay(w, r, err)
			return
		}
	}
	a.fail(w, r, err)
}

// failSandpay answers err in the contract's form.
func (a *api) failSandpay(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == context.Canceled {
		panic(http.ErrAbortHandler) // the caller has gone
	}
	e := shown(err)
	status, code := sandpayCode(e)
	if status >= http.StatusInternalServerError && e.Cause != nil {
		a.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("requestId", requestID(r.Context())), slog.String("code", e.Code), slog.Any("error", e.Cause))
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="afara"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", seconds(e.RetryAfter))
	}
	message := strings.Replace(e.Detail, " that errors lists", " that detail.fieldErrors lists", 1)
	raw, err := json.Marshal(sandpayError{Error: code, Message: message, Detail: sandpayDetail(e)})
	if err != nil { // an Extra that is no JSON: the rest still tells
		raw, _ = json.Marshal(sandpayError{Error: code, Message: message})
	}
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the caller may be gone
}

// sandpayDetail is what the error says beside its code: each fault of a field
// under the field's name, with what to do.
func sandpayDetail(e *domain.Error) map[string]any {
	detail := maps.Clone(e.Extra)
	if len(e.Fields) == 0 {
		return detail
	}
	faults := map[string][]string{}
	for _, f := range e.Fields {
		name := strings.TrimPrefix(strings.TrimPrefix(f.Pointer, "/query"), "/")
		name = cmp.Or(name, "body")
		faults[name] = append(faults[name], strings.TrimSpace(f.Detail+" "+f.Fix))
	}
	if detail == nil {
		detail = map[string]any{}
	}
	detail["fieldErrors"] = faults
	return detail
}
