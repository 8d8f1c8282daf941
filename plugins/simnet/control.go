package simnet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const maxBody = 1 << 20

// Handler serves the phones at / and the control API under /_control/. Both let
// whoever reaches them do everything: keep them on loopback.
func (n *Network) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/_control/", http.StripPrefix("/_control", n.Control()))
	pageRoutes(mux)
	return mux
}

// Control serves the control API at /.
func (n *Network) Control() http.Handler {
	mux := http.NewServeMux()
	n.simRoutes(mux)
	n.orderRoutes(mux)
	n.faultRoutes(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fail404(w, "there is no such call; see the README of the connectors")
	})
	return ownPagesOnly(mux)
}

// ownPagesOnly refuses what a page of another site has a browser send.
func ownPagesOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" {
			if u, err := url.Parse(origin); err != nil || u.Host != r.Host {
				reply(w, http.StatusForbidden, problem{"pages of another site may not use this API"})
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (n *Network) simRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /sims", func(w http.ResponseWriter, r *http.Request) {
		if f, ok := filter(w, r); ok {
			reply(w, http.StatusOK, n.SIMs(f))
		}
	})
	mux.HandleFunc("PUT /sims", func(w http.ResponseWriter, r *http.Request) {
		var s SIM
		if read(w, r, &s) && done(w, n.PutSIM(s)) {
			put, err := n.SIM(s.Operator, s.Number)
			answer(w, put, err)
		}
	})
	mux.HandleFunc("DELETE /sims/{operator}/{number}", func(w http.ResponseWriter, r *http.Request) {
		if done(w, n.RemoveSIM(r.PathValue("operator"), r.PathValue("number"))) {
			w.WriteHeader(http.StatusNoContent)
		}
	})
	mux.HandleFunc("GET /accounts", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, n.Accounts()) })
	mux.HandleFunc("PUT /accounts", func(w http.ResponseWriter, r *http.Request) {
		var a Account
		if read(w, r, &a) && done(w, n.PutAccount(a)) {
			reply(w, http.StatusOK, a)
		}
	})
	mux.HandleFunc("PUT /policies", func(w http.ResponseWriter, r *http.Request) {
		var p struct{ Operator, Country, Policy string }
		if read(w, r, &p) && done(w, n.SetPolicy(p.Operator, p.Country, p.Policy)) {
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

func (n *Network) orderRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /prompts", func(w http.ResponseWriter, r *http.Request) {
		if f, ok := filter(w, r); ok {
			reply(w, http.StatusOK, n.Prompts(f))
		}
	})
	mux.HandleFunc("POST /prompts/{operator}/{reference}", func(w http.ResponseWriter, r *http.Request) {
		var a struct{ Answer, PIN string }
		if read(w, r, &a) {
			t, err := n.Answer(r.PathValue("operator"), r.PathValue("reference"), a.Answer, a.PIN)
			answer(w, t, err)
		}
	})
	mux.HandleFunc("GET /references/{operator}/{reference}", func(w http.ResponseWriter, r *http.Request) {
		seen, found := n.Reference(r.PathValue("operator"), r.PathValue("reference"))
		if !found {
			fail404(w, "nothing is known under this reference")
			return
		}
		reply(w, http.StatusOK, seen)
	})
	mux.HandleFunc("GET /counters", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, n.Counters()) })
	mux.HandleFunc("GET /books", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, n.Books()) })
	mux.HandleFunc("POST /reset", func(w http.ResponseWriter, _ *http.Request) {
		n.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
}

func (n *Network) faultRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, n.Faults()) })
	mux.HandleFunc("POST /faults", func(w http.ResponseWriter, r *http.Request) {
		var f Fault
		if read(w, r, &f) && done(w, n.Inject(f)) {
			w.WriteHeader(http.StatusNoContent)
		}
	})
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) {
		n.Heal()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /settings", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, n.Settings()) })
	mux.HandleFunc("PATCH /settings", func(w http.ResponseWriter, r *http.Request) {
		s := n.Settings() // the body changes what it names
		if read(w, r, &s) && done(w, n.Change(s)) {
			reply(w, http.StatusOK, n.Settings())
		}
	})
}

// problem is the control API's error body.
type problem struct {
	Error string `json:"error"`
}

func fail404(w http.ResponseWriter, text string) { reply(w, http.StatusNotFound, problem{text}) }

// done answers an error and reports whether there was none.
func done(w http.ResponseWriter, err error) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, ErrNoSIM), errors.Is(err, ErrNoPrompt):
		fail404(w, err.Error())
	default:
		reply(w, http.StatusUnprocessableEntity, problem{err.Error()})
	}
	return false
}

func answer(w http.ResponseWriter, v any, err error) {
	if done(w, err) {
		reply(w, http.StatusOK, v)
	}
}

func filter(w http.ResponseWriter, r *http.Request) (Filter, bool) {
	q := r.URL.Query()
	f := Filter{Operator: q.Get("operator"), Number: strings.Replace(q.Get("number"), " ", "+", 1), After: strings.Replace(q.Get("after"), " ", "+", 1)}
	if limit := q.Get("limit"); limit != "" {
		var err error
		if f.Limit, err = strconv.Atoi(limit); err != nil || f.Limit < 1 || f.Limit > 1000 {
			return f, done(w, fmt.Errorf("limit: %q; give 1 to 1000", limit))
		}
	}
	return f, true
}

func read(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		reply(w, http.StatusBadRequest, problem{"body: " + err.Error()})
		return false
	}
	return true
}

func reply(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil { // only values of this package come here
		status, raw = http.StatusInternalServerError, []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the client is gone, nobody to tell
}
