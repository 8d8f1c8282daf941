package simulator

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strconv"
)

const maxBody = 1 << 20

// problem is the body of every refusal.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Pointer string `json:"pointer,omitempty"`
}

// guarded counts the request, asks for the key and plays the fault that
// replaces every answer.
func (s *Simulator) guarded(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.book.requests++
		faults := s.faults
		s.mu.Unlock()
		switch {
		case !s.known(r):
			refuse(w, http.StatusUnauthorized, problem{Code: "key_refused", Message: "the API key is not known"})
		case faults.Status != 0:
			if faults.RetryAfterSeconds > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(faults.RetryAfterSeconds))
			}
			refuse(w, faults.Status, problem{Code: "fault", Message: "the registry was told to answer this"})
		default:
			next(w, r)
		}
	})
}

func (s *Simulator) known(r *http.Request) bool {
	if s.options.APIKey == "" {
		return true
	}
	given := r.Header.Get("Authorization")
	return subtle.ConstantTimeCompare([]byte(given), []byte("Bearer "+s.options.APIKey)) == 1
}

func refuse(w http.ResponseWriter, status int, p problem) { _ = write(w, status, p) }

// write answers and flushes, so that its error says whether the answer left.
func write(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}
