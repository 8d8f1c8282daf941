package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a sandbox on a free port and answers its address; stop ends it and
// waits.
func start(t *testing.T, data string) (address string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	lines, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- serve(ctx, flags{Listen: "127.0.0.1:0", Data: data}, out, slog.New(slog.DiscardHandler))
	}()
	line := make([]byte, 200)
	n, err := lines.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(line[:n]), "sandbox ready on ")
	if !found || !strings.HasSuffix(rest, "\n") {
		t.Fatalf("first line: %q", line[:n])
	}
	address, _, _ = strings.Cut(rest, " ")
	return address, func() {
		t.Helper()
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("end: %v", err)
		}
	}
}

func ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(raw)
}

func TestAllStandInsAreServedUnderTheirPrefix(t *testing.T) {
	address, stop := start(t, t.TempDir())
	defer stop()
	for path, want := range map[string]string{
		"/healthz":                  `{"status":"ok"}`,
		"/firs/api":                 `{"healthy":true}`,
		"/firs/_control/counters":   `"violations":0`,
		"/echo/_control/counters":   `{`,
		"/mtn/_control/operator":    `"callbackVerb":"POST"`,
		"/mtn/_control/sims":        `[]`,
		"/moov/_control/operator":   `"waitMillis":36000`,
		"/moov/_control/sims":       `[]`,
		"/airtel/_control/operator": `"tokenSeconds":180`,
		"/airtel/_control/sims":     `[]`,
		"/orange/_control/sims":     `[]`,
		"/simnet/":                  `Phones of the sandbox`,
		"/simnet/phones.js":         `prompts/`,
		"/simnet/_control/sims":     `[]`,
	} {
		if status, body := ask(t, "GET", address+path, ""); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _ := ask(t, "GET", address+"/nobody/", ""); status != 404 {
		t.Errorf("an unknown vendor: %d", status)
	}
}

func TestARestartedSandboxAcceptsTheDemosConnection(t *testing.T) {
	data := t.TempDir()
	provision := func() map[string]any {
		address, stop := start(t, data)
		defer stop()
		_, body := ask(t, "POST", address+"/firs/_control/businesses", `{"tin":"11112222-0001","name":"Demo"}`)
		var b map[string]any
		if err := json.Unmarshal([]byte(body), &b); err != nil {
			t.Fatal(err)
		}
		return b
	}
	before, after := provision(), provision()
	for _, name := range []string{"businessId", "apiKey", "apiSecret", "serviceId", "publicKey", "certificate", "tin", "name"} {
		if before[name] != after[name] || before[name] == "" || before[name] == nil {
			t.Errorf("%s was %v, is %v", name, before[name], after[name])
		}
	}
}

func TestARestartedSandboxAcceptsMTNsKeys(t *testing.T) {
	data := t.TempDir()
	token := func(merchant map[string]string, address string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/mtn/collection/token/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(merchant["apiUser"], merchant["apiKey"])
		r.Header.Set("Ocp-Apim-Subscription-Key", merchant["collectionKey"])
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode
	}
	address, stop := start(t, data)
	_, body := ask(t, "POST", address+"/mtn/_control/merchants", `{"country":"CI"}`)
	var merchant map[string]string
	if err := json.Unmarshal([]byte(body), &merchant); err != nil {
		t.Fatal(err)
	}
	stop()
	address, stop = start(t, data)
	defer stop()
	if status := token(merchant, address); status != 200 {
		t.Errorf("the key of before the restart: %d", status)
	}
	merchant["apiKey"] = "wrong"
	if status := token(merchant, address); status != 401 {
		t.Errorf("a wrong key: %d", status)
	}
}

func TestARestartedSandboxAcceptsMoovsCredentials(t *testing.T) {
	data := t.TempDir()
	health := func(merchant map[string]string, address string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/moov/sandbox/v1/health", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(merchant["username"], merchant["password"])
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode
	}
	address, stop := start(t, data)
	_, body := ask(t, "POST", address+"/moov/_control/merchants", `{"country":"BJ"}`)
	var merchant map[string]string
	if err := json.Unmarshal([]byte(body), &merchant); err != nil {
		t.Fatal(err)
	}
	stop()
	address, stop = start(t, data)
	defer stop()
	if status := health(merchant, address); status != 200 {
		t.Errorf("the password of before the restart: %d", status)
	}
	merchant["password"] = "wrong"
	if status := health(merchant, address); status != 401 {
		t.Errorf("a wrong password: %d", status)
	}
}

func TestAnAddressInUseIsSaid(t *testing.T) {
	address, stop := start(t, t.TempDir())
	defer stop()
	err := serve(t.Context(), flags{Listen: strings.TrimPrefix(address, "http://"), Data: t.TempDir()}, io.Discard, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "listen") {
		t.Errorf("second sandbox: %v", err)
	}
	if err := serve(t.Context(), flags{Listen: "127.0.0.1:0", Data: filepath.Join("serve.go", "x")}, io.Discard, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a data folder that is a file was accepted")
	}
}
