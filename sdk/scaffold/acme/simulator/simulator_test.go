package simulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/afara-dev/afara/sdk/scaffold/acme/simulator"
)

// ask gives the status and the body of an answer; status 0 is none.
func ask(t *testing.T, server *httptest.Server, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(raw)
}

func TestAReferenceIsTakenOnce(t *testing.T) {
	t.Parallel()
	s := simulator.New("")
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for _, want := range []struct {
		status             int
		method, path, body string
	}{
		{http.StatusNotFound, http.MethodGet, "/v1/messages/A", ""},
		{http.StatusUnprocessableEntity, http.MethodPut, "/v1/messages/A", `{}`},
		{http.StatusCreated, http.MethodPut, "/v1/messages/A", `{"text":"hello"}`},
		{http.StatusConflict, http.MethodPut, "/v1/messages/A", `{"text":"hello"}`},
		{http.StatusOK, http.MethodGet, "/v1/messages/A", ""},
		{http.StatusNoContent, http.MethodPut, "/_control/fault", `{"loseAnswer":true}`},
		{0, http.MethodPut, "/v1/messages/B", `{"text":"hello"}`},
		{http.StatusOK, http.MethodGet, "/v1/messages/B", ""},
		{http.StatusNoContent, http.MethodPut, "/_control/fault", `{"status":503}`},
		{http.StatusServiceUnavailable, http.MethodGet, "/v1/ping", ""},
	} {
		if status, body := ask(t, server, want.method, want.path, want.body); status != want.status {
			t.Errorf("%s %s: %d, want %d\n%s", want.method, want.path, status, want.status, body)
		}
	}
	if n := len(s.Messages()); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
}

func TestTheListGoesOnAfterANumber(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(simulator.New(""))
	t.Cleanup(server.Close)
	for _, reference := range []string{"A", "B", "C"} {
		ask(t, server, http.MethodPut, "/v1/messages/"+reference, `{"text":"hello"}`)
	}
	_, body := ask(t, server, http.MethodGet, "/v1/messages?after=1&limit=1", "")
	if !strings.Contains(body, `"reference":"B"`) || strings.Contains(body, `"reference":"C"`) || !strings.Contains(body, `"remaining":1`) {
		t.Errorf("got %s", body)
	}
}
