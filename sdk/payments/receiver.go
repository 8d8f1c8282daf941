package payments

import (
	"context"
	"errors"
	"io"
	"net/http"
)

// defaultMaxBody is longer than any webhook of the contract.
const defaultMaxBody = 1 << 20

// Receiver takes webhooks. It is an http.Handler, does not change, and may be
// used by many requests at once.
type Receiver struct {
	// Secrets in use, as shown; two while one is being replaced. Without one, all
	// is refused.
	Secrets []string
	// Handle stores what happened, once for each Event.Key: deliveries come at
	// least once. Its error is answered with 500, and the event comes again.
	Handle func(ctx context.Context, e Event) error
	// MaxBody is the longest body that is read, in bytes. Default 1 MiB.
	MaxBody int64
}

// ServeHTTP answers 204 once Handle has the event; 401, without a reason, which
// would only help to forge, for what is not signed; 413 for what is too long; 400
// for what is signed and of no transaction; 405 for other methods than POST.
func (rc Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "webhooks come by POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, rc.maxBody()))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		http.Error(w, "body too long", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "body unreadable", http.StatusBadRequest)
		return
	}
	event, err := ReadEvent(rc.Secrets, r.Header, body)
	switch {
	case errors.Is(err, errNotAnEvent):
		http.Error(w, "no event of a transaction", http.StatusBadRequest)
	case err != nil:
		http.Error(w, "signature refused", http.StatusUnauthorized)
	case rc.Handle(r.Context(), event) != nil:
		http.Error(w, "not stored, send it again", http.StatusInternalServerError)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (rc Receiver) maxBody() int64 {
	if rc.MaxBody > 0 {
		return rc.MaxBody
	}
	return defaultMaxBody
}
