package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

const maxMerchants = 10_000

// merchant is where the callbacks of an application go. Airtel knows it from its
// portal, never from a call.
type merchant struct {
	callbackURL string
	hash        bool // callback authentication is on
}

// Account is all that a connection needs of a merchant.
type Account struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	PIN          string `json:"pin"`
	CallbackKey  string `json:"callbackKey"`
	CallbackURL  string `json:"callbackUrl"`
	Hash         bool   `json:"hash"`
	Country      string `json:"country"`
	Currency     string `json:"currency"`
}

// Provision makes an application with keys in a country. Its callbacks go to an
// address, if there is one, with a hash if they shall.
func (s *Simulator) Provision(country, callbackURL string, hash bool) (Account, error) {
	where, known := places()[country]
	if !known {
		return Account{}, errors.New("country: give RW, the only one with numbers here")
	}
	id := s.newClient()
	return Account{
		ClientID: id, ClientSecret: s.clientSecret(id), PIN: s.pin(id), CallbackKey: s.callbackKey(id),
		CallbackURL: callbackURL, Hash: hash, Country: country, Currency: where.currency,
	}, s.Redirect(id, callbackURL, hash)
}

// Redirect sends an application's callbacks elsewhere, from now on. A restarted
// simulator has to be told again.
func (s *Simulator) Redirect(client, callbackURL string, hash bool) error {
	if !s.made(client) {
		return errors.New("client: there is no such application; make one first")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.merchants[client]; !known && len(s.merchants) >= maxMerchants {
		return errors.New("too many applications; restart the simulator")
	}
	s.merchants[client] = merchant{callbackURL, hash}
	return nil
}

func (s *Simulator) merchant(client string) merchant {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.merchants[client]
}

// controlRoutes are the simulator's own; what is not about Airtel alone is the
// network's. They hand out keys, of this simulator alone, to whoever reaches it.
func (s *Simulator) controlRoutes(mux *http.ServeMux) {
	mux.Handle("/_control/", http.StripPrefix("/_control", s.net.Control()))
	mux.HandleFunc("POST /_control/merchants", func(w http.ResponseWriter, r *http.Request) {
		var p struct {
			Country, CallbackURL string
			Hash                 bool
		}
		if !readControl(w, r, &p) {
			return
		}
		a, err := s.Provision(p.Country, p.CallbackURL, p.Hash)
		if err != nil {
			reply(w, http.StatusUnprocessableEntity, problem{err.Error()})
			return
		}
		reply(w, http.StatusCreated, a)
	})
	mux.HandleFunc("PUT /_control/merchants/{client}", func(w http.ResponseWriter, r *http.Request) {
		var p struct {
			CallbackURL string
			Hash        bool
		}
		if !readControl(w, r, &p) {
			return
		}
		if err := s.Redirect(r.PathValue("client"), p.CallbackURL, p.Hash); err != nil {
			reply(w, http.StatusUnprocessableEntity, problem{err.Error()})
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /_control/revoke", func(w http.ResponseWriter, _ *http.Request) {
		s.Revoke()
		w.WriteHeader(http.StatusNoContent)
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
