package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

var (
	errBusy = &domain.Error{Kind: domain.KindUnavailable, Code: "busy", RetryAfter: time.Second,
		Detail: "Too many requests run at once. Send again after the time in Retry-After, and fewer at a time."}
	errMediaType = &domain.Error{Kind: domain.KindMediaType, Code: "not_json",
		Detail: "The Content-Type must be application/json in UTF-8."}
	errCoding = &domain.Error{Kind: domain.KindMediaType, Code: "content_coding",
		Detail: "A compressed body is not read here: send it without Content-Encoding."}
	errQuery = &domain.Error{Kind: domain.KindInvalid, Code: "invalid_query",
		Detail: "The query breaks the rules that errors lists."}
)

// slots bounds the requests that run at once.
type slots chan struct{}

func newSlots(n int) slots { return make(slots, n) }

// take reports whether there was room; it never waits.
func (s slots) take() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) free() { <-s }

// admitBody refuses a body that is not JSON or too long before it is read.
func (a *api) admitBody(w http.ResponseWriter, r *http.Request, l limits) error {
	if r.ContentLength == 0 || r.Body == nil {
		return nil
	}
	if !l.body {
		return nil // nobody reads it; the server drops it
	}
	if c := r.Header.Get("Content-Encoding"); c != "" && !strings.EqualFold(c, "identity") {
		return errCoding
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return errMediaType
	}
	if r.ContentLength > a.cfg.MaxBody {
		return a.tooLarge()
	}
	r.Body = http.MaxBytesReader(w, r.Body, a.cfg.MaxBody)
	return nil
}

func isJSON(contentType string) bool {
	if contentType == "" || contentType == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" && !strings.HasSuffix(media, "+json") {
		return false
	}
	charset := params["charset"]
	return charset == "" || strings.EqualFold(charset, "utf-8")
}

func (a *api) tooLarge() error {
	detail := fmt.Sprintf("The body has more than %d bytes.", a.cfg.MaxBody)
	return &domain.Error{Kind: domain.KindTooLarge, Code: "body_too_large", Detail: detail,
		Fields: []domain.FieldError{{Pointer: "", Code: "too_large", Detail: detail, Fix: "Split it, or leave out what is not needed."}}}
}

// read reads the whole body, once.
func (a *api) read(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.ContentLength == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	if r.ContentLength > 0 {
		b.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := b.ReadFrom(r.Body)
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, a.tooLarge()
	case err != nil && r.Context().Err() != nil:
		return nil, r.Context().Err()
	case err != nil:
		return nil, unreadable(err)
	}
	return b.Bytes(), nil
}

func unreadable(err error) error {
	detail := "The body ended early or could not be read."
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		detail = "The body could not be read in time."
	}
	return &domain.Error{Kind: domain.KindMalformed, Code: "body_unreadable", Detail: detail, Cause: err}
}

// codeMalformedQuery is the code of a query string that cannot be read.
const codeMalformedQuery = "malformed_query"

// knownQuery refuses what a misspelt filter would silently not filter.
func knownQuery(r *http.Request, known []string) error {
	if r.URL.RawQuery == "" {
		return nil
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &domain.Error{Kind: domain.KindMalformed, Code: codeMalformedQuery, Detail: "The query string is not percent-encoded as it should be."}
	}
	var faults []domain.FieldError
	for name, values := range q {
		switch {
		case !slices.Contains(known, name):
			faults = append(faults, queryFault(name, "unknown_parameter", "This route has no such parameter.", "Use one of: "+listed(known)+"."))
		case len(values) > 1 && !strings.HasSuffix(name, "[]"):
			faults = append(faults, queryFault(name, "repeated_parameter", "The parameter is given more than once.", "Give it once."))
		}
	}
	return queryError(faults)
}

// queryFault points at a parameter: /query/NAME stands beside the pointers
// into a body, which a route with a query does not have.
func queryFault(name, code, detail, fix string) domain.FieldError {
	return domain.FieldError{Pointer: "/query/" + escapePointer(name), Code: code, Detail: detail, Fix: fix}
}

func queryError(faults []domain.FieldError) error {
	if len(faults) == 0 {
		return nil
	}
	slices.SortFunc(faults, func(a, b domain.FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
	e := *errQuery
	e.Fields = faults
	return &e
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
