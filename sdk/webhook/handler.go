package webhook

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"
)

// defaultMaxBody is larger than any callback of ours.
const defaultMaxBody = 1 << 20

// Verifier verifies callbacks in front of an HTTP handler. It does not change
// and may be used by many requests at once.
type Verifier struct {
	// Secrets in use; two or more while one is being replaced.
	Secrets []string
	// PublicKeys are whpk_ keys of senders that sign with v1a too. One right
	// signature is enough, of a secret or of a key.
	PublicKeys []string
	// Tolerance around now; default DefaultTolerance.
	Tolerance time.Duration
	// MaxBody is the longest body that is read, in bytes. Default 1 MiB.
	MaxBody int64
	// Now is the receiver's clock. Default time.Now.
	Now func() time.Time
}

// Handler calls next with the raw body for callbacks that verify. Others get 401
// without a reason, which would only help to forge; a body that is too long
// gets 413.
func (v Verifier) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, v.maxBody()))
		var tooLong *http.MaxBytesError
		switch {
		case errors.As(err, &tooLong):
			http.Error(w, "body too long", http.StatusRequestEntityTooLarge)
		case err != nil:
			http.Error(w, "body unreadable", http.StatusBadRequest)
		case v.Verify(r.Header, body) != nil:
			http.Error(w, "signature refused", http.StatusUnauthorized)
		default:
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(w, r)
		}
	})
}

func (v Verifier) maxBody() int64 {
	if v.MaxBody > 0 {
		return v.MaxBody
	}
	return defaultMaxBody
}

func (v Verifier) now() time.Time {
	if v.Now != nil {
		return v.Now()
	}
	return time.Now()
}
