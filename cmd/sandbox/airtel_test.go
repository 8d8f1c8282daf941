package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestARestartedSandboxAcceptsAirtelsKeys(t *testing.T) {
	data := t.TempDir()
	address, stop := start(t, data)
	_, body := ask(t, "POST", address+"/airtel/_control/merchants", `{"country":"RW"}`)
	var merchant map[string]any
	if err := json.Unmarshal([]byte(body), &merchant); err != nil {
		t.Fatal(err)
	}
	stop()
	address, stop = start(t, data)
	defer stop()
	for secret, want := range map[any]int{merchant["clientSecret"]: 200, "wrong": 401} {
		login, err := json.Marshal(map[string]any{"client_id": merchant["clientId"], "client_secret": secret, "grant_type": "client_credentials"})
		if err != nil {
			t.Fatal(err)
		}
		if status, _ := ask(t, "POST", address+"/airtel/auth/oauth2/token", string(login)); status != want {
			t.Errorf("secret %v of before the restart: %d, want %d", secret, status, want)
		}
	}
	for path, want := range map[string]string{"operator": `"tokenSeconds":180`, "sims": `[]`} {
		if status, body := ask(t, "GET", address+"/airtel/_control/"+path, ""); status != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
