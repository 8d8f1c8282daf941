package simnettest

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Server is a simulator with a client of it.
type Server struct {
	URL    string
	client *http.Client // of this server alone: another one that closes breaks no request of it
}

// Header is of one request; an empty value takes a header out.
type Header map[string]string

// Ask sends one request to a path of the server, or to a whole URL. It answers
// where a redirect leads, and the body.
func (s *Server) Ask(t testing.TB, method, path, body string, headers ...Header) (int, string) {
	t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = s.URL + path
	}
	r, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		for name, value := range h {
			r.Header.Set(name, value)
			if value == "" {
				r.Header.Del(name)
			}
		}
	}
	res, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(res.Header.Get("Location") + string(raw))
}

// Want holds the status of an answer and a part of what it says.
func (s *Server) Want(t testing.TB, status int, says, method, path, body string, headers ...Header) string {
	t.Helper()
	got, said := s.Ask(t, method, path, body, headers...)
	if got != status || !strings.Contains(said, says) {
		t.Fatalf("%s %s: %d %s, want %d %s", method, path, got, said, status, says)
	}
	return said
}

// Basic is the header of a name and a password.
func Basic(name, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(name, password)
	return r.Header.Get("Authorization")
}
