package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// controlRoutes are the simulator's own; what is not about Moov alone is the
// network's. They hand out keys, of this simulator alone, to whoever reaches it.
func (s *Simulator) controlRoutes(mux *http.ServeMux) {
	mux.Handle("/_control/", http.StripPrefix("/_control", s.net.Control()))
	mux.HandleFunc("POST /_control/merchants", func(w http.ResponseWriter, r *http.Request) {
		var p struct{ Country string }
		if !readControl(w, r, &p) {
			return
		}
		a, err := s.Provision(p.Country)
		if err != nil {
			reply(w, http.StatusUnprocessableEntity, problem{err.Error()})
			return
		}
		reply(w, http.StatusCreated, a)
	})
	mux.HandleFunc("GET /_control/operator", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, s.current()) })
	mux.HandleFunc("PATCH /_control/operator", func(w http.ResponseWriter, r *http.Request) {
		changed := s.current() // the body changes what it names
		if !readControl(w, r, &changed) {
			return
		}
		if err := s.Change(changed); err != nil {
			reply(w, http.StatusUnprocessableEntity, problem{err.Error()})
			return
		}
		reply(w, http.StatusOK, s.current())
	})
}

// problem is the control API's error body.
type problem struct {
	Error string `json:"error"`
}

func readControl(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		reply(w, http.StatusBadRequest, problem{"body: " + err.Error()})
		return false
	}
	return true
}
