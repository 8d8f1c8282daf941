package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// Account is all that a connection needs of a merchant.
type Account struct {
	CollectionKey     string `json:"collectionKey"`
	DisbursementKey   string `json:"disbursementKey"`
	APIUser           string `json:"apiUser"`
	APIKey            string `json:"apiKey"`
	CallbackHost      string `json:"callbackHost"`
	TargetEnvironment string `json:"targetEnvironment"`
	Country           string `json:"country"`
	Currency          string `json:"currency"`
}

// Provision makes an API user with keys for a country, or for MTN's sandbox
// when the country has no environment of its own.
func (s *Simulator) Provision(country, callbackHost string) (Account, error) {
	a := Account{
		CollectionKey: s.subscription(collection), DisbursementKey: s.subscription(disbursement),
		APIUser: newUUID(), CallbackHost: callbackHost, TargetEnvironment: "sandbox", Country: country, Currency: "XOF",
	}
	for name, e := range environments() {
		if e.country == country && country != "" {
			a.TargetEnvironment, a.Currency = name, e.currency
		}
	}
	a.APIKey = s.apiKey(a.APIUser)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.users) >= maxUsers {
		return Account{}, errors.New("too many API users; restart the simulator")
	}
	s.users[a.APIUser] = user{callbackHost}
	return a, nil
}

// controlRoutes are the simulator's own; what is not about MTN alone is the
// network's. They hand out keys, of this simulator alone, to whoever reaches it.
func (s *Simulator) controlRoutes(mux *http.ServeMux) {
	mux.Handle("/_control/", http.StripPrefix("/_control", s.net.Control()))
	mux.HandleFunc("POST /_control/merchants", func(w http.ResponseWriter, r *http.Request) {
		var p struct{ Country, CallbackHost string }
		if !readControl(w, r, &p) {
			return
		}
		a, err := s.Provision(p.Country, p.CallbackHost)
		if err != nil {
			reply(w, http.StatusUnprocessableEntity, problem{err.Error()})
			return
		}
		reply(w, http.StatusCreated, a)
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
