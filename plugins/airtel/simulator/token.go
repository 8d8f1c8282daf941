package simulator

import (
	"encoding/json"
	"net/http"
	"time"

	cryptorand "crypto/rand"
)

const (
	maxTokens = 20_000
	maxBody   = 64 << 10
)

type token struct {
	client string
	until  time.Time
}

// giveToken hands out tokens for a JSON body.
func (s *Simulator) giveToken(w http.ResponseWriter, rq *request) {
	var login struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
		Type   string `json:"grant_type"`
	}
	switch {
	case json.Unmarshal(rq.body, &login) != nil || login.Type != "client_credentials":
		bad("the token call takes JSON with client_id, client_secret and grant_type client_credentials").write(w)
	case !s.logsIn(login.ID, login.Secret):
		fail(w, http.StatusUnauthorized, "", "Invalid client authentication")
	default:
		text, seconds := s.grant(login.ID)
		reply(w, http.StatusOK, map[string]any{"token_type": "bearer", "access_token": text, "expires_in": seconds})
	}
}

func (s *Simulator) grant(client string) (text string, seconds int64) {
	text = cryptorand.Text() + cryptorand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropTokens(client)
	seconds = s.settings.TokenSeconds
	s.tokens[text] = token{client, s.now().Add(time.Duration(seconds) * time.Second)}
	return text, seconds
}

// dropTokens ends a client's former tokens where one holds at a time, and makes
// room where there are too many: of those that expired, then of any.
func (s *Simulator) dropTokens(client string) {
	full := len(s.tokens) >= maxTokens
	if !full && !s.settings.OneToken {
		return
	}
	for text, t := range s.tokens {
		if s.settings.OneToken && t.client == client || !s.now().Before(t.until) {
			delete(s.tokens, text)
		}
	}
	for text := range s.tokens {
		if !full || len(s.tokens) < maxTokens/2 {
			return
		}
		delete(s.tokens, text)
	}
}

// Revoke ends all tokens, as Airtel may at any time.
func (s *Simulator) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// holds finds the client of a token that still holds.
func (s *Simulator) holds(text string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, found := s.tokens[text]
	if !found || !s.now().Before(t.until) {
		return "", false
	}
	return t.client, true
}
