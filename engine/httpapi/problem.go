package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// kindMethod is a kind of the edge alone: no service below knows methods.
const kindMethod domain.Kind = "method_not_allowed"

const (
	problemType  = "application/problem+json"
	problemBase  = "https://afara.dev/problems/"
	defaultRetry = 2 * time.Second
)

// statusOf is the one place where the kind of an error becomes a status.
func statusOf(k domain.Kind) (status int, title string) {
	switch k {
	case domain.KindMalformed:
		return http.StatusBadRequest, "The request cannot be read"
	case domain.KindUnauthenticated:
		return http.StatusUnauthorized, "Authentication is needed"
	case domain.KindForbidden:
		return http.StatusForbidden, "This key may not do that"
	case domain.KindNotFound:
		return http.StatusNotFound, "Not found"
	case domain.KindConflict:
		return http.StatusConflict, "The present state forbids it"
	case domain.KindInvalid:
		return http.StatusUnprocessableEntity, "The request breaks a rule"
	case domain.KindTooLarge:
		return http.StatusRequestEntityTooLarge, "The request is too large"
	case domain.KindMediaType:
		return http.StatusUnsupportedMediaType, "The body must be JSON"
	case domain.KindTooManyRequests:
		return http.StatusTooManyRequests, "Too many requests"
	case domain.KindUnavailable:
		return http.StatusServiceUnavailable, "Not available now"
	case kindMethod:
		return http.StatusMethodNotAllowed, "Method not allowed"
	default:
		return http.StatusInternalServerError, "Internal error"
	}
}

// The errors of the edge itself.
var (
	errInternal = &domain.Error{Kind: domain.KindInternal, Code: "internal",
		Detail: "Something went wrong on our side. Send the request again; if it keeps failing, give the operator the requestId."}
	errStoreAway = &domain.Error{Kind: domain.KindUnavailable, Code: "store_unavailable", RetryAfter: defaultRetry,
		Detail: "The database cannot answer now. Nothing was stored: send again after the time in Retry-After."}
	errOutcomeUnknown = &domain.Error{Kind: domain.KindUnavailable, Code: "outcome_unknown", RetryAfter: defaultRetry,
		Detail: "The database went away while it stored the request, which may be stored or not. Send it again with the same Idempotency-Key, or look for it before you do."}
	errTimeout = &domain.Error{Kind: domain.KindUnavailable, Code: "timeout", RetryAfter: defaultRetry,
		Detail: "The request took too long and may be stored or not. Send it again with the same Idempotency-Key, or look for it before you do."}
)

// shown is what the caller may see of err. Whatever nobody declared is
// internal, with the cause in the log only.
func shown(err error) *domain.Error {
	var e *domain.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, store.ErrUnknown):
		return errOutcomeUnknown.With(err)
	case errors.Is(err, store.ErrUnavailable):
		return errStoreAway.With(err)
	case errors.Is(err, context.DeadlineExceeded):
		return errTimeout.With(err)
	default:
		return errInternal.With(err)
	}
}

// fail answers err as problem+json. The connection of a caller who has gone is
// dropped: the server would make an empty 200 of a mere return, and one who
// closed only its own half reads on.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == context.Canceled {
		panic(http.ErrAbortHandler)
	}
	e := shown(err)
	status, title := statusOf(e.Kind)
	id := requestID(r.Context())
	if status >= http.StatusInternalServerError && e.Cause != nil {
		a.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("requestId", id), slog.String("code", e.Code), slog.Any("error", e.Cause))
	}
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	h.Del("ETag")
	switch status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="afara"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", seconds(e.RetryAfter))
	}
	w.WriteHeader(status)
	_, _ = w.Write(problem(e, status, title, id)) // the caller may be gone
}

// problem is the document of RFC 9457 with our members. The error's extra
// members never take the place of one of these.
func problem(e *domain.Error, status int, title, id string) []byte {
	fields := e.Fields
	if fields == nil {
		fields = []domain.FieldError{}
	}
	doc := make(map[string]any, 9+len(e.Extra))
	maps.Copy(doc, e.Extra)
	maps.Copy(doc, map[string]any{
		"type": problemBase + e.Code, "title": title, "status": status, "detail": e.Detail,
		"instance": "urn:afara:request:" + id, "code": e.Code, "requestId": id, "errors": fields,
	})
	raw, err := json.Marshal(doc)
	if err != nil { // an Extra that is no JSON: the rest still tells
		return problem(&domain.Error{Kind: e.Kind, Code: e.Code, Detail: e.Detail, Fields: e.Fields}, status, title, id)
	}
	return raw
}

// seconds is a Retry-After: whole seconds, rounded up, at least one.
func seconds(d time.Duration) string {
	if d <= 0 {
		d = defaultRetry
	}
	return strconv.Itoa(int(math.Ceil(d.Seconds())))
}
