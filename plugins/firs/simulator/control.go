package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
)

// controlRoutes are the simulator's own; the service has nothing like them.
// They hand out secrets, of this simulator alone, to whoever can reach it.
func (s *Simulator) controlRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /_control/businesses", s.controlProvision)
	mux.HandleFunc("GET /_control/businesses", s.controlBusinesses)
	mux.HandleFunc("GET /_control/businesses/{id}/crypto_keys.txt", s.controlCryptoKeys)
	mux.HandleFunc("POST /_control/faults", s.controlInject)
	mux.HandleFunc("GET /_control/faults", s.controlFaults)
	mux.HandleFunc("DELETE /_control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.Heal()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_control/settings", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, s.current()) })
	mux.HandleFunc("PATCH /_control/settings", s.controlSettings)
	mux.HandleFunc("GET /_control/counters", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, s.Counters()) })
	mux.HandleFunc("GET /_control/references/{irn}", s.controlReference)
	mux.HandleFunc("POST /_control/qr", s.controlQR)
	mux.HandleFunc("POST /_control/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
}

func (s *Simulator) controlProvision(w http.ResponseWriter, r *http.Request) {
	var p Provision
	if !read(w, r, &p) {
		return
	}
	b, err := s.Provision(p)
	if err != nil {
		reply(w, http.StatusUnprocessableEntity, problem{err.Error()})
		return
	}
	reply(w, http.StatusCreated, b)
}

func (s *Simulator) controlBusinesses(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	list := []Business{}
	for _, t := range s.accounts.all() {
		list = append(list, t.Business)
	}
	s.mu.Unlock()
	reply(w, http.StatusOK, list)
}

func (s *Simulator) controlCryptoKeys(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	t, known := s.accounts.byID[r.PathValue("id")]
	s.mu.Unlock()
	if !known {
		reply(w, http.StatusNotFound, problem{"no such business"})
		return
	}
	w.Header().Set("Content-Disposition", `attachment; filename="crypto_keys.txt"`)
	reply(w, http.StatusOK, t.Keys)
}

// controlInject takes one fault or a list.
func (s *Simulator) controlInject(w http.ResponseWriter, r *http.Request) {
	var raw json.RawMessage
	if !read(w, r, &raw) {
		return
	}
	var faults []Fault
	if !strings.HasPrefix(strings.TrimSpace(string(raw)), "[") {
		raw = append(append([]byte{'['}, raw...), ']')
	}
	err := json.Unmarshal(raw, &faults)
	if err == nil {
		err = s.Inject(faults...)
	}
	if err != nil {
		reply(w, http.StatusUnprocessableEntity, problem{err.Error()})
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Simulator) controlFaults(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	out := struct {
		Injected []Fault `json:"injected"`
		Standing []Fault `json:"standing"`
	}{[]Fault{}, standing()}
	for _, f := range s.faults {
		out.Injected = append(out.Injected, f.Fault)
	}
	s.mu.Unlock()
	reply(w, http.StatusOK, out)
}

// controlSettings changes what the body names and leaves the rest.
func (s *Simulator) controlSettings(w http.ResponseWriter, r *http.Request) {
	changed := s.current()
	if !read(w, r, &changed) {
		return
	}
	changed.QRSample = max(changed.QRSample, 1)
	s.mu.Lock()
	s.settings = changed
	s.mu.Unlock()
	reply(w, http.StatusOK, changed)
}

func (s *Simulator) controlReference(w http.ResponseWriter, r *http.Request) {
	asked, known := s.Asked(r.PathValue("irn"))
	if !known {
		reply(w, http.StatusNotFound, problem{"nothing was asked about this IRN"})
		return
	}
	s.mu.Lock()
	registered := s.book.record(r.PathValue("irn")) != nil
	s.mu.Unlock()
	reply(w, http.StatusOK, struct {
		Asked
		Signed  bool                `json:"signed"`
		Reports []map[string]string `json:"reports,omitempty"`
	}{asked, registered, s.Reports(r.PathValue("irn"))})
}

func (s *Simulator) controlQR(w http.ResponseWriter, r *http.Request) {
	var in StampCheck
	if !read(w, r, &in) {
		return
	}
	verdict, err := s.CheckStamp(in)
	if err != nil {
		reply(w, http.StatusUnprocessableEntity, problem{err.Error()})
		return
	}
	reply(w, http.StatusOK, verdict)
}

// problem is the control API's error body.
type problem struct {
	Error string `json:"error"`
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		reply(w, http.StatusBadRequest, problem{"body: " + err.Error()})
		return false
	}
	return true
}

func reply(w http.ResponseWriter, status int, v any) {
	a := encode(status, v)
	_ = a.write(w) // the client is gone, nobody to tell
}
