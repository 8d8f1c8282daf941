package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// configured is what tests read of a connection's answer.
type configured struct {
	ID, Connector, Name string
	Version             int64
	Enabled             bool
	Capabilities        []string
	Settings            map[string]any
	Paused              *struct{ Reason, Detail string }
}

func TestAConnectionIsMadeOnceForEachKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := `{"connector":"` + connectorName + `","name":"second","settings":{"apiKey":"canary-4711"}}`
	ids := make([]string, 16)
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() {
			var c configured
			w.want(http.StatusCreated, &c, w.ours.write, "POST", "/si/connections", body, "Idempotency-Key", "con-1")
			ids[i] = c.ID
		})
	}
	group.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("%v", ids)
		}
	}
	p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", "/si/connections", body)
	if len(p.Errors) != 1 || p.Errors[0].Pointer != "/name" || p.Errors[0].Code != "taken" {
		t.Errorf("%+v", p.Errors)
	}
	var c configured
	w.want(http.StatusOK, &c, w.ours.read, "GET", "/si/connections/"+ids[0], "")
	if c.Name != "second" || c.Version != 1 || !c.Enabled || len(c.Capabilities) != 0 || c.Settings["apiKey"] != "••••••••" {
		t.Errorf("%+v", c)
	}
	if n := w.count(`SELECT COUNT(*) FROM connection_version WHERE connection_id = $1`, ids[0]); n != 1 {
		t.Errorf("%d versions", n)
	}
	if strings.Contains(w.logs.String(), "canary") {
		t.Error("a secret is in the log")
	}
	if n := w.count(`SELECT (SELECT COUNT(*) FROM idempotency_key WHERE CAST(answer AS TEXT) LIKE '%canary%') + (SELECT COUNT(*) FROM audit WHERE detail LIKE '%canary%')`); n != 0 {
		t.Errorf("%d rows hold a secret", n)
	}
}

func TestAConnectionIsRefusedWithEachFaultNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/si/connections/" + string(w.ours.connection)
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/si/connections", `{}`, "required@/connector required@/settings"},
		{"POST", "/si/connections", `{"connector":"none","name":"_","settings":{},"enabled":1,"more":1}`, "connector_unknown@/connector type@/enabled unknown_field@/more pattern@/name"},
		{"POST", "/si/connections", `{"connector":"scripted","settings":{"apiKey":"••••••••"},"capabilities":["invoice","pay",1]}`,
			"capability_unknown@/capabilities/1 type@/capabilities/2 taken@/name secret_masked@/settings/apiKey"},
		{"PUT", path, `{"connector":7,"name":"","settings":{"apiKey":1},"version":1e0}`, "type@/connector min_length@/name pattern@/name type@/settings/apiKey type@/version"},
		{"PUT", path, `[]`, "type@"},
	} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, c.method, c.path, c.body)
		var got []string
		for _, e := range p.Errors {
			if e.Detail == "" || e.Fix == "" {
				t.Errorf("%s: %+v says too little", c.body, e)
			}
			got = append(got, e.Code+"@"+e.Pointer)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.body, got, c.want)
		}
	}
	w.refused(http.StatusConflict, "connection_connector_fixed", w.ours.write, "PUT", path, `{"connector":"other"}`)
	w.refused(http.StatusConflict, "connection_changed", w.ours.write, "PUT", path, `{"version":7}`)
	w.refused(http.StatusNotFound, "version_not_found", w.ours.write, "POST", path+"/rollback", `{"version":7}`)
	w.refused(http.StatusNotFound, "connection_not_found", w.ours.write, "POST", "/si/connections/con_1/enable", "")
	if n := w.count(`SELECT COUNT(*) FROM connection_version`); n != 2 {
		t.Errorf("%d versions after refusals", n)
	}
}

func TestADisabledConnectionTakesNothingAndIsDeletedWhenItIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	audit := newAuditor(w)
	id := string(w.ours.connection)
	path := "/si/connections/" + id
	waiting := w.submitted("CON-1")
	var c configured
	w.want(http.StatusOK, &c, w.ours.write, "POST", path+"/disable", "")
	if c.Enabled || c.Paused == nil || c.Paused.Reason != "disabled" || c.Version != 2 {
		t.Errorf("%+v", c)
	}
	audit.want(w.ours.write, "connection.disable "+id+" version 2: disabled")
	w.refused(http.StatusConflict, "capability_not_configured", w.ours.write, "POST", "/si/invoices", w.submission("CON-2"))
	w.clock.Add(time.Minute)
	p := w.refused(http.StatusConflict, "connection_in_use", w.ours.write, "DELETE", path, "")
	if !strings.Contains(p.Detail, "1 messages of this connection are unfinished, 0 of them held") {
		t.Errorf("%s", p.Detail)
	}
	w.want(http.StatusOK, nil, w.ours.write, "POST", path+"/enable", "")
	w.walk(waiting.MessageID)
	w.refused(http.StatusConflict, "connection_enabled", w.ours.write, "DELETE", path, "")
	if got := w.read(waiting.ID); got.Status != "COMPLETED" {
		t.Errorf("%+v", got)
	}
	w.want(http.StatusOK, nil, w.ours.write, "POST", path+"/disable", "")
	w.refused(http.StatusConflict, "connection_enabled", w.ours.write, "DELETE", path, "")
	w.clock.Add(10 * time.Second)
	audit.seen = w.audited()
	w.want(http.StatusOK, nil, w.ours.write, "DELETE", path, "")
	audit.want(w.ours.write, "connection.delete "+id+" scripted scripted")
	w.refused(http.StatusNotFound, "connection_not_found", w.ours.read, "GET", path, "")
	w.want(http.StatusOK, nil, w.ours.read, "GET", "/si/invoices/"+waiting.ID, "")
	w.refused(http.StatusConflict, "capability_not_configured", w.ours.write, "POST", "/si/invoices", w.submission("CON-3"))
}

// audited are the entries that there are.
func (w *world) audited() map[string]bool {
	w.t.Helper()
	rows, err := w.store.Reader().Query(w.t.Context(), `SELECT id FROM audit`)
	must(w.t, err)
	defer rows.Close()
	seen := map[string]bool{}
	for rows.Next() {
		var id string
		must(w.t, rows.Scan(&id))
		seen[id] = true
	}
	must(w.t, rows.Err())
	return seen
}

// Invoices that come in while their connection is disabled and deleted have a
// connection, or are refused.
func TestADeletionRacesWithInvoices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/si/connections/" + string(w.ours.connection)
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range 16 {
		number := "RACE-" + string(rune('A'+i))
		body := w.submission(number)
		group.Go(func() {
			<-start
			if got := w.call(w.ours.write, "POST", "/si/invoices", body); got.status != http.StatusAccepted && got.status != http.StatusConflict {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	group.Go(func() {
		<-start
		w.want(http.StatusOK, nil, w.ours.write, "POST", path+"/disable", "")
		w.clock.Add(10 * time.Second) // nobody's draft takes that long
		if got := w.call(w.ours.write, "DELETE", path, ""); got.status != http.StatusOK && got.status != http.StatusConflict {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
	close(start)
	group.Wait()
	if n := w.count(`SELECT COUNT(*) FROM work WHERE connection_id <> '' AND connection_id NOT IN (SELECT id FROM connection)`); n != 0 {
		t.Errorf("%d rows of work without their connection", n)
	}
}

func TestTestingAConnectionTellsWhatTheConnectorSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/si/connections/" + string(w.ours.connection) + "/test"
	var got struct {
		OK                   bool
		Class, Code, Message *string
	}
	w.want(http.StatusOK, &got, w.ours.write, "POST", path, "")
	if !got.OK || got.Class != nil || w.host.checked[0].ID != w.ours.connection || w.host.checked[0].Version != 1 {
		t.Errorf("%+v %+v", got, w.host.checked)
	}
	w.host.refusal = &domain.ConnectorError{Class: domain.ClassUnauthorized, Code: "bad_key", Message: "the key is refused"}
	w.want(http.StatusOK, &got, w.ours.write, "POST", path, "")
	if got.OK || *got.Class != "unauthorized" || *got.Code != "bad_key" || *got.Message != "the key is refused" {
		t.Errorf("%+v", got)
	}
	w.host.away = true
	w.refused(http.StatusServiceUnavailable, "connector_not_ready", w.ours.write, "POST", path, "")
	if len(w.host.needed) != 1 || w.host.needed[0] != connectorName {
		t.Errorf("started %v", w.host.needed)
	}
}
