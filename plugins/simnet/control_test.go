package simnet_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

func TestTheControlAPIWorksTheNetwork(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{})
	server := httptest.NewServer(b.Handler())
	defer server.Close()
	ask := func(method, path, body string, header ...string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if len(header) == 2 {
			r.Header.Set(header[0], header[1])
		}
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, _ := io.ReadAll(res.Body)
		return res.StatusCode, string(raw)
	}
	b.begin(t, order("r1", simnet.Collect, 500))
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"PUT", "/_control/sims", `{"operator":"moov","number":"+2290195123456","country":"BJ","currency":"XOF","balance":5}`, 200, `"pin":"1234"`},
		{"PUT", "/_control/sims", `{"operator":"moov","number":"0195","country":"BJ","currency":"XOF"}`, 422, "international form"},
		{"PUT", "/_control/sims", `{"numbr":1}`, 400, "unknown field"},
		{"GET", "/_control/sims?operator=moov", "", 200, `"+2290195123456"`},
		{"GET", "/_control/sims?number=%2B2250501234567", "", 200, `"balance":10000`},
		{"GET", "/_control/sims?limit=0", "", 422, "limit"},
		{"DELETE", "/_control/sims/moov/+2290195123456", "", 204, ""},
		{"DELETE", "/_control/sims/moov/+2290195123456", "", 404, "no SIM"},
		{"GET", "/_control/prompts", "", 200, `"reference":"r1"`},
		{"POST", "/_control/prompts/mtn/r1", `{"answer":"perhaps"}`, 422, "approve"},
		{"POST", "/_control/prompts/mtn/r1", `{"answer":"approve","pin":"1234"}`, 200, `"outcome":"SUCCESS"`},
		{"POST", "/_control/prompts/mtn/r1", `{"answer":"approve"}`, 404, "no prompt"},
		{"GET", "/_control/references/mtn/r1", "", 200, `"debits":1`},
		{"GET", "/_control/references/mtn/r2", "", 404, "nothing"},
		{"PUT", "/_control/accounts", `{"operator":"mtn","name":"shop","currency":"XOF","balance":42}`, 200, "42"},
		{"GET", "/_control/accounts", "", 200, `"balance":42`},
		{"PUT", "/_control/policies", `{"operator":"mtn","country":"CI","policy":"passthrough"}`, 204, ""},
		{"PUT", "/_control/policies", `{"operator":"mtn","country":"CI","policy":"x"}`, 422, "policy"},
		{"POST", "/_control/faults", `{"kind":"drop","times":1}`, 204, ""},
		{"GET", "/_control/faults", "", 200, `"drop"`},
		{"DELETE", "/_control/faults", "", 204, ""},
		{"PATCH", "/_control/settings", `{"noWait":true}`, 200, `"promptSeconds":3600`},
		{"PATCH", "/_control/settings", `{"promptSeconds":-1}`, 422, "promptSeconds"},
		{"GET", "/_control/counters", "", 200, `"debits":1`},
		{"GET", "/_control/books", "", 200, `"XOF"`},
		{"GET", "/_control/nothing", "", 404, "no such call"},
		{"GET", "/", "", 200, "Phones of the sandbox"},
		{"GET", "/phones.js", "", 200, "prompts/"},
		{"POST", "/_control/reset", "", 204, ""},
		{"GET", "/_control/sims", "", 200, "[]"},
	} {
		if status, said := ask(c.method, c.path, c.body); status != c.status || !strings.Contains(said, c.says) {
			t.Errorf("%s %s: %d %s, want %d %s", c.method, c.path, status, said, c.status, c.says)
		}
	}
	b.even(t)
	if found, ok := b.Find("mtn", "r1"); ok || found.Outcome == schemas.PaymentSuccess {
		t.Error("a reset network remembers")
	}
	if status, _ := ask("POST", "/_control/reset", "", "Origin", "http://elsewhere.example"); status != 403 {
		t.Errorf("a page of another site: %d", status)
	}
	if status, _ := ask("POST", "/_control/reset", "", "Origin", server.URL); status != 204 {
		t.Errorf("a page of its own: %d", status)
	}
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{})
	for _, path := range []string{"/", "/phones.js", "/phones.css"} {
		w := httptest.NewRecorder()
		b.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if strings.Contains(w.Body.String(), "//") && strings.Contains(w.Body.String(), "http") {
			t.Errorf("%s names another site", path)
		}
		if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s has no policy: %v", path, w.Header())
		}
	}
}
