// Package simulator owns Acme's stand-in: real state, and faults on request.
package simulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const maxBody = 1 << 20

// Message is a message that was sent.
type Message struct {
	Reference string    `json:"reference"`
	Text      string    `json:"text"`
	Number    int64     `json:"number"`
	At        time.Time `json:"at"`
}

// Fault changes how Acme behaves from the next request on.
type Fault struct {
	// Status, when set, answers every request and does nothing.
	Status int `json:"status"`
	// LoseAnswer sends and cuts the connection instead of answering.
	LoseAnswer bool `json:"loseAnswer"`
}

// Simulator is Acme. It is an http.Handler and safe for concurrent use.
type Simulator struct {
	key    string
	routes *http.ServeMux

	mu       sync.Mutex
	fault    Fault
	messages []Message // by number
}

// New makes an empty Acme. key is the one that clients present; empty takes any.
func New(key string) *Simulator {
	s := &Simulator{key: key, routes: http.NewServeMux()}
	s.routes.Handle("GET /v1/ping", s.guarded(func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, map[string]bool{"ok": true}) }))
	s.routes.Handle("GET /v1/messages", s.guarded(s.list))
	s.routes.Handle("GET /v1/messages/{reference}", s.guarded(s.find))
	s.routes.Handle("PUT /v1/messages/{reference}", s.guarded(s.send))
	s.routes.HandleFunc("PUT /_control/fault", s.takeFault)
	return s
}

// ServeHTTP serves Acme's API, and its control call under /_control/.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// SetFault replaces the fault.
func (s *Simulator) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Messages are those that were sent, by number.
func (s *Simulator) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// guarded asks for the key and plays the fault that replaces every answer.
func (s *Simulator) guarded(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		status := s.fault.Status
		s.mu.Unlock()
		switch {
		case s.key != "" && r.Header.Get("Authorization") != "Bearer "+s.key:
			refuse(w, http.StatusUnauthorized, problem{Code: "key_refused", Message: "the API key is not known"})
		case status != 0:
			refuse(w, status, problem{Code: "fault", Message: "Acme was told to answer this"})
		default:
			next(w, r)
		}
	})
}

func (s *Simulator) send(w http.ResponseWriter, r *http.Request) {
	var m Message
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&m); err != nil || m.Text == "" {
		refuse(w, http.StatusUnprocessableEntity, problem{Code: "text_missing", Message: "a message has a text", Pointer: "/text"})
		return
	}
	m.Reference = r.PathValue("reference")
	m, ok, fault := s.add(m)
	switch {
	case !ok:
		// Not definite: the client cannot tell whose message this is.
		refuse(w, http.StatusConflict, problem{Code: "reference_taken", Message: "this reference is used already"})
	case fault.LoseAnswer:
		panic(http.ErrAbortHandler) // net/http's way to cut the connection
	default:
		answer(w, http.StatusCreated, m)
	}
}

// add keeps a message; false when its reference is taken.
func (s *Simulator) add(m Message) (Message, bool, Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at(m.Reference) >= 0 {
		return m, false, s.fault
	}
	m.Number, m.At = int64(len(s.messages))+1, time.Now().UTC()
	s.messages = append(s.messages, m)
	return m, true, s.fault
}

// at needs s.mu.
func (s *Simulator) at(reference string) int {
	return slices.IndexFunc(s.messages, func(m Message) bool { return m.Reference == reference })
}

func (s *Simulator) find(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.at(r.PathValue("reference"))
	if i < 0 {
		refuse(w, http.StatusNotFound, problem{Code: "unknown_reference", Message: "no message has this reference"})
		return
	}
	answer(w, http.StatusOK, s.messages[i])
}

func (s *Simulator) list(w http.ResponseWriter, r *http.Request) {
	all := s.Messages()
	after, _ := strconv.Atoi(r.URL.Query().Get("after")) // none: from the start
	limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || limit < 1 || limit > 1000 {
		limit = 100
	}
	rest := all[min(max(after, 0), len(all)):]
	some := rest[:min(limit, len(rest))]
	answer(w, http.StatusOK, map[string]any{"messages": some, "remaining": len(rest) - len(some)})
}

func (s *Simulator) takeFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&f); err != nil {
		refuse(w, http.StatusBadRequest, problem{Code: "fault_unreadable", Message: err.Error()})
		return
	}
	s.SetFault(f)
	w.WriteHeader(http.StatusNoContent)
}
