package payments

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The codes of the contract.
const (
	CodeInvalidBody        = "invalid_body"        // 400
	CodeInvalidParams      = "invalid_params"      // 400, of a listing
	CodeUnauthorized       = "unauthorized"        // 401, no key
	CodeInvalidAPIKey      = "invalid_api_key"     // 401, unknown or revoked
	CodeQuotaExceeded      = "quota_exceeded"      // 402
	CodeNotFound           = "not_found"           // 404, transaction or application
	CodeEnvNotFound        = "env_not_found"       // 404, operator and country are not enabled
	CodeDuplicateReference = "duplicate_reference" // 409, the reference was used for something else
	CodeExceedsRefundable  = "exceeds_refundable"  // 422
	CodeNotRefundable      = "not_refundable"      // 422, not a collection in SUCCESS
	CodeRateLimited        = "rate_limited"        // 429
	CodeInternal           = "internal"            // 5xx
)

// Error is an answer that refuses a request. It says nothing of a payment: what
// becomes of one is its Status.
type Error struct {
	Status int // of HTTP
	// Code is stable, one of the above or a later one. It is empty when the
	// answer was not in the service's form, e.g. a proxy's.
	Code    string
	Message string // English, may change
	// FieldErrors names the fields that failed validation.
	FieldErrors map[string][]string
	RequestID   string // for whoever runs the service
	// RetryAfter is what the answer asked to wait; 0 when it did not.
	RetryAfter time.Duration
}

// ErrNoAnswer is of a request that got no answer, or only part of one. Whether
// it was carried out cannot be told: repeat it with the same reference, or look.
var ErrNoAnswer = errors.New("no answer")

// Error implements error.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s: %s", e.Status, e.Code, e.Message)
	for _, field := range slices.Sorted(maps.Keys(e.FieldErrors)) {
		fmt.Fprintf(&b, "; %s: %s", field, strings.Join(e.FieldErrors[field], ", "))
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	return b.String()
}

// passing reports whether the same request may do better later.
func (e *Error) passing() bool {
	return e.Status == http.StatusTooManyRequests || e.Status >= http.StatusInternalServerError
}

// Limits on what an Error keeps of a foreign answer.
const (
	maxCode      = 100
	maxMessage   = 500
	maxRequestID = 200
)

func errorOf(answer *http.Response, body []byte, now time.Time) *Error {
	e := &Error{
		Status:     answer.StatusCode,
		RequestID:  cut(answer.Header.Get("X-Request-Id"), maxRequestID),
		RetryAfter: retryAfter(answer.Header.Get("Retry-After"), now),
	}
	var told struct {
		Error, Message string
		Detail         json.RawMessage
	}
	if json.Unmarshal(body, &told) != nil || told.Error == "" {
		e.Message = "The answer is not in the service's form: " + http.StatusText(e.Status) + ". Check the base URL, and what stands before the service."
		return e
	}
	e.Code, e.Message = cut(told.Error, maxCode), cut(told.Message, maxMessage)
	var detail struct{ FieldErrors map[string][]string }
	if json.Unmarshal(told.Detail, &detail) == nil {
		e.FieldErrors = detail.FieldErrors
	}
	return e
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// maxRetryAfter bounds what a header can say; nobody waits that long.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return 0
	}
	return min(max(0, at.Sub(now)), maxRetryAfter)
}
