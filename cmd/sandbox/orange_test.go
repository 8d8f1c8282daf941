package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestARestartedSandboxAcceptsOrangesKeys(t *testing.T) {
	data := t.TempDir()
	token := func(merchant map[string]string, address string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/orange/oauth/v3/token", strings.NewReader("grant_type=client_credentials"))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(merchant["clientId"], merchant["clientSecret"])
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode
	}
	address, stop := start(t, data)
	_, body := ask(t, "POST", address+"/orange/_control/merchants", `{"country":"CI"}`)
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
	merchant["clientSecret"] = "wrong"
	if status := token(merchant, address); status != 401 {
		t.Errorf("a wrong key: %d", status)
	}
}
