package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	cryptorand "crypto/rand"
)

const (
	maxUsers  = 10_000
	maxTokens = 20_000
	maxBody   = 64 << 10
)

// user is an API user: the wallet of one merchant in one country.
type user struct{ callbackHost string }

type token struct {
	user, product string
	until         time.Time
}

func (s *Simulator) createUser(w http.ResponseWriter, rq *request) {
	id := rq.Header.Get(headerReference)
	var body struct {
		CallbackHost string `json:"providerCallbackHost"`
	}
	switch {
	case !s.subscribes("", rq.Header.Get(headerKey)):
		noSubscription(w)
		return
	case !uuid4.MatchString(id):
		fail(w, http.StatusBadRequest, "", "X-Reference-Id must be a UUID v4")
		return
	case json.NewDecoder(io.LimitReader(rq.Body, maxBody)).Decode(&body) != nil:
		fail(w, http.StatusBadRequest, "", "the body is no JSON with providerCallbackHost")
		return
	}
	s.mu.Lock()
	_, exists := s.users[id]
	full := len(s.users) >= maxUsers
	if !exists && !full {
		s.users[id] = user{body.CallbackHost}
	}
	s.mu.Unlock()
	switch {
	case exists:
		fail(w, http.StatusConflict, codeExists, "Duplicated reference id. Creation of resource failed.")
	case full:
		fail(w, http.StatusServiceUnavailable, codeUnavailable, "too many API users")
	default:
		w.WriteHeader(http.StatusCreated)
	}
}

func (s *Simulator) find(id string) (user, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u, found := s.users[id]
	return u, found
}

func (s *Simulator) readUser(w http.ResponseWriter, rq *request) {
	u, found := s.find(rq.PathValue("id"))
	switch {
	case !s.subscribes("", rq.Header.Get(headerKey)):
		noSubscription(w)
	case !found:
		fail(w, http.StatusNotFound, codeNotFound, "Requested resource was not found.")
	default:
		reply(w, http.StatusOK, map[string]string{"providerCallbackHost": u.callbackHost, "targetEnvironment": "sandbox"})
	}
}

func (s *Simulator) createKey(w http.ResponseWriter, rq *request) {
	id := rq.PathValue("id")
	_, found := s.find(id)
	switch {
	case !s.subscribes("", rq.Header.Get(headerKey)):
		noSubscription(w)
	case !found:
		fail(w, http.StatusNotFound, codeNotFound, "Requested resource was not found.")
	default:
		reply(w, http.StatusCreated, map[string]string{"apiKey": s.apiKey(id)})
	}
}

// tokenOf hands out tokens. Several of one user hold side by side.
func (s *Simulator) tokenOf(product string) func(http.ResponseWriter, *request) {
	return func(w http.ResponseWriter, rq *request) {
		body, err := io.ReadAll(io.LimitReader(rq.Body, maxBody))
		id, key, given := rq.BasicAuth()
		switch {
		case !s.subscribes(product, rq.Header.Get(headerKey)):
			noSubscription(w)
		case err != nil || len(body) > 0:
			fail(w, http.StatusBadRequest, "", "the token call has no body")
		case !given || !s.logsIn(id, key):
			reply(w, http.StatusUnauthorized, map[string]string{"error": "login_failed"})
		default:
			text, seconds := s.grant(id, product)
			reply(w, http.StatusOK, map[string]any{"access_token": text, "token_type": "access_token", "expires_in": seconds})
		}
	}
}

func (s *Simulator) grant(id, product string) (text string, seconds int64) {
	text = cryptorand.Text() + cryptorand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= maxTokens {
		s.dropTokens()
	}
	seconds = s.settings.TokenSeconds
	s.tokens[text] = token{id, product, s.now().Add(time.Duration(seconds) * time.Second)}
	return text, seconds
}

// dropTokens makes room: first of those that expired, then of any.
func (s *Simulator) dropTokens() {
	for text, t := range s.tokens {
		if !s.now().Before(t.until) {
			delete(s.tokens, text)
		}
	}
	for text := range s.tokens {
		if len(s.tokens) < maxTokens/2 {
			return
		}
		delete(s.tokens, text)
	}
}

// Revoke ends all tokens, as MTN may at any time.
func (s *Simulator) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// holds finds the user of a token that still holds for a product.
func (s *Simulator) holds(text, product string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, found := s.tokens[text]
	if !found || t.product != product || !s.now().Before(t.until) {
		return "", false
	}
	return t.user, true
}
