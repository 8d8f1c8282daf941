package main_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk/webhook"
)

// TestATriggeredEventOfARunningNodeIsHeardByListen: engine, publisher and
// listener are processes of their own, as a developer has them.
func TestATriggeredEventOfARunningNodeIsHeardByListen(t *testing.T) {
	t.Parallel()
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "data"), listen: freeAddress(t)}
	org := s.admin("org", "create", "Adebayo Stores")
	made := strings.Fields(s.admin("env", "create", "--organisation", org, "--kind", "sandbox"))
	s.key = s.admin("keys", "create", "--environment", made[1])
	node := s.serve()
	env := []string{"AFARA_API_URL=http://" + s.listen, "AFARA_API_KEY=" + s.key}
	a := newApp(t)
	p := start(t, "afara", "listen", "--api", "http://"+s.listen, "--key", s.key, "--forward-to", a.URL, "--events", "receipt.*")
	p.line("Ready: ")
	afaraWith(t, env, "trigger", "invoice.signed").want(t)
	id := afaraWith(t, env, "trigger", "receipt.created", "--resource", "rcp_1").want(t)
	p.line(id, "receipt.created", "204")

	bodies, headers := a.requests()
	var got struct {
		EventID, Event, BusinessID, OccurredAt string
		Sequence                               int64
		Data                                   map[string]any
	}
	if len(bodies) != 1 || json.Unmarshal([]byte(bodies[0]), &got) != nil {
		t.Fatalf("got %q, want the receipt alone", bodies)
	}
	if got.EventID != id || got.Event != "receipt.created" || got.BusinessID != org || got.Sequence != 1 || got.Data == nil || got.OccurredAt == "" {
		t.Errorf("%s", bodies[0])
	}
	secret := whsec.FindString(p.line("signing secret"))
	if err := webhook.Verify([]string{secret}, headers[0], []byte(bodies[0]), time.Now(), 0); err != nil {
		t.Error(err)
	}

	node.interrupt()
	p.line("engine away")
	s.serve()
	p.line("engine back")
	p.line(afaraWith(t, env, "trigger", "receipt.created").want(t), "204")
	p.interrupt()
}
