package simulator

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	cryptorand "crypto/rand"
)

const (
	maxTokens = 20_000
	maxBody   = 64 << 10
	// maxAsked is how many clients' windows are kept.
	maxAsked = 10_000
	// perMinute is how many tokens a client may ask for when Orange is strict.
	perMinute = 50
)

type token struct {
	client string
	until  time.Time
}

// window counts what a client asked for since a time.
type window struct {
	since time.Time
	count int
}

// login hands out tokens. Several of one client hold side by side.
func (s *Simulator) login(w http.ResponseWriter, rq *request) {
	if no := s.admitLogin(rq); no != nil {
		fail(w, no)
		return
	}
	client, _, _ := rq.BasicAuth()
	text, seconds := s.grant(client)
	var holds any = seconds
	if s.current().ExpiresText {
		holds = strconv.FormatInt(seconds, 10)
	}
	reply(w, http.StatusOK, map[string]any{"token_type": "Bearer", "access_token": text, "expires_in": holds})
}

func (s *Simulator) admitLogin(rq *request) *refusal {
	body, err := io.ReadAll(io.LimitReader(rq.Body, maxBody))
	form, formErr := url.ParseQuery(string(body))
	kind, _, _ := mime.ParseMediaType(rq.Header.Get("Content-Type"))
	client, secret, given := rq.BasicAuth()
	switch {
	case !strings.Contains(rq.Header.Get("Accept"), "application/json"):
		return &refusal{http.StatusNotAcceptable, codeInvalid, "Not acceptable", "Accept must be application/json"}
	case err != nil || formErr != nil || kind != "application/x-www-form-urlencoded" || form.Get("grant_type") != "client_credentials":
		return bad("the body must be the form grant_type=client_credentials")
	case !given:
		return &refusal{http.StatusUnauthorized, codeNoCredentials, "Missing credentials", ""}
	case !s.logsIn(client, secret):
		return &refusal{http.StatusUnauthorized, codeBad, "Invalid credentials", ""}
	case !s.mayAsk(client):
		return &refusal{http.StatusForbidden, codeRate, "Too many requests", ""}
	}
	return nil
}

// mayAsk counts how often a client asks for a token.
func (s *Simulator) mayAsk(client string) bool {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.asked) >= maxAsked {
		clear(s.asked)
	}
	at := s.asked[client]
	if now.Sub(at.since) >= time.Minute {
		at = window{since: now}
	}
	at.count++
	s.asked[client] = at
	return !s.settings.Strict || at.count <= perMinute
}

func (s *Simulator) grant(client string) (text string, seconds int64) {
	text = cryptorand.Text() + cryptorand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) >= maxTokens {
		s.dropTokens()
	}
	seconds = s.settings.TokenSeconds
	s.tokens[text] = token{client, s.now().Add(time.Duration(seconds) * time.Second)}
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

// Revoke ends all tokens, as Orange may at any time.
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
