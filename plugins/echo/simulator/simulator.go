package simulator

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// Options make a Simulator. The zero value is a well-behaved registry.
type Options struct {
	// APIKey that clients present; empty takes any.
	APIKey string
	// WebhookSecret signs notifications, see Simulator.Notification.
	WebhookSecret string
	// Now is the registry's clock. Default time.Now.
	Now func() time.Time
}

// Faults change how the registry behaves. They are chosen anew for each request.
type Faults struct {
	// NoDuplicateGuard registers a reference again instead of refusing it.
	NoDuplicateGuard bool `json:"noDuplicateGuard"`
	// DelayMillis passes before a registration or a note, which happens even when the
	// client has gone by then.
	DelayMillis int64 `json:"delayMillis"`
	// AnswerDelayMillis passes between a registration, or a note, and its answer.
	AnswerDelayMillis int64 `json:"answerDelayMillis"`
	// LoseAnswer registers, or notes, and cuts the connection instead of answering.
	LoseAnswer bool `json:"loseAnswer"`
	// Status, when set, answers every call with it and does nothing.
	Status int `json:"status"`
	// RetryAfterSeconds goes with Status.
	RetryAfterSeconds int `json:"retryAfterSeconds"`
}

// Simulator is the registry. It is an http.Handler and safe for concurrent use.
type Simulator struct {
	options Options
	routes  *http.ServeMux

	mu     sync.Mutex
	faults Faults
	book   book
}

// New makes an empty registry.
func New(o Options) *Simulator {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Simulator{options: o, routes: http.NewServeMux(), book: newBook()}
	s.routes.Handle("GET /v1/ping", s.guarded(s.ping))
	s.routes.Handle("POST /v1/validations", s.guarded(s.validate))
	s.routes.Handle("PUT /v1/documents/{reference}", s.guarded(s.register))
	s.routes.Handle("GET /v1/documents/{reference}", s.guarded(s.find))
	s.routes.Handle("GET /v1/documents", s.guarded(s.list))
	s.routes.Handle("PUT /v1/notes/{record}", s.guarded(s.writeNote))
	s.routes.Handle("GET /v1/notes/{record}", s.guarded(s.findNote))
	s.routes.HandleFunc("GET /_control/counters", s.showCounters)
	s.routes.HandleFunc("PUT /_control/faults", s.takeFaults)
	s.routes.HandleFunc("POST /_control/reset", s.resetAll)
	return s
}

// ServeHTTP serves the registry's API, and its control calls under /_control/.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// SetFaults replaces the faults from the next request on.
func (s *Simulator) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Reset forgets documents, counters and faults.
func (s *Simulator) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults, s.book = Faults{}, newBook()
}

func (s *Simulator) present() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}

func (s *Simulator) showCounters(w http.ResponseWriter, _ *http.Request) {
	_ = write(w, http.StatusOK, s.Counters())
}

func (s *Simulator) takeFaults(w http.ResponseWriter, r *http.Request) {
	var f Faults
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		refuse(w, http.StatusBadRequest, problem{Code: "faults_unreadable", Message: err.Error()})
		return
	}
	s.SetFaults(f)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Simulator) resetAll(w http.ResponseWriter, _ *http.Request) {
	s.Reset()
	w.WriteHeader(http.StatusNoContent)
}
