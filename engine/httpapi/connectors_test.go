package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
)

type listedConnectors struct {
	Data []listedConnector
}

type listedConnector struct {
	Name, Version, Environment, State string
	Reason                            *string
	InFlight                          *int
	LastError                         *struct{ Class, Code string }
	Operations                        []struct {
		Name            string
		LastFiveMinutes struct{ P95Ms, ErrorRate float64 }
	}
	Nodes []struct {
		Node, State string
		MemoryBytes *int64
		Log         []string
	}
	Connections []struct {
		ID, Name, Breaker string
		Capabilities      []string
		Paused            *struct {
			Reason, Detail string
			Until          *string
		}
	}
}

func TestTheRegistryShowsOurConnectionsAndNobodyElses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.show(
		pluginhost.ConnectorStatus{Name: "idle", State: pluginhost.StateStopped, Reason: "no enabled connection needs it", Digest: "4bf5122f"},
		pluginhost.ConnectorStatus{
			Name: connectorName, Version: "1.0.0", Environment: domain.Sandbox, State: pluginhost.StateRunning, Stderr: []string{"their secret line"},
			Connections: []pluginhost.ConnectionStatus{{ID: w.theirs.connection, Breaker: pluginhost.BreakerClosed}, {ID: w.ours.connection, Breaker: pluginhost.BreakerOpen}},
			LastError:   &pluginhost.LastError{Class: domain.ClassUnavailable, Code: "down", Operation: "invoice.sign", At: w.clock.Now()},
			Operations:  []pluginhost.OperationStatus{{Name: "invoice.sign", Calls: 7, Recent: pluginhost.Span{Calls: 4, Failed: 1, P95: 120 * time.Millisecond}}},
		},
		pluginhost.ConnectorStatus{Name: connectorName, Environment: domain.Production, State: pluginhost.StateCrashLoop},
	)
	must(t, w.registry.Pause(t.Context(), w.ours.connection, &domain.ConnectorError{Class: domain.ClassUnauthorized, Message: "the key is refused"}))
	var got listedConnectors
	r := w.want(http.StatusOK, &got, w.ours.all, "GET", "/si/connectors/registry", "")
	if len(got.Data) != 2 || !strings.Contains(string(r.body), `"digest":"4bf5122f"`) || got.Data[1].State != "running" || len(got.Data[1].Connections) != 1 || got.Data[1].Operations[0].LastFiveMinutes.P95Ms != 120 || got.Data[1].Operations[0].LastFiveMinutes.ErrorRate != 0.25 {
		t.Fatalf("%s", r.body)
	}
	c := got.Data[1].Connections[0]
	if c.ID != string(w.ours.connection) || c.Breaker != "open" || c.Paused == nil || c.Paused.Detail != "the key is refused" || c.Paused.Until != nil {
		t.Errorf("%+v", c)
	}
	for _, never := range []string{string(w.theirs.connection), "their secret line", "hunter2", "apiKey"} {
		if strings.Contains(string(r.body), never) {
			t.Errorf("%q is shown: %s", never, r.body)
		}
	}
}

// What fences a process in is shown to operators as it is: a limit that is not
// there is null, and so is all of it without a process.
func TestTheIsolationInForceIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shown := pluginhost.ConnectorStatus{Name: connectorName, Version: "1.0.0", Environment: domain.Sandbox, State: pluginhost.StateRunning}
	w.host.show(shown)
	path := "/si/connectors/registry/" + connectorName
	if r := w.want(http.StatusOK, nil, w.ours.all, "GET", path, ""); !strings.Contains(string(r.body), `"isolation":null`) {
		t.Errorf("%s", r.body)
	}
	shown.Isolation = &pluginhost.Isolation{
		Environment: true, Folder: true, Group: true, ParentDeath: true, NoNewPrivileges: true, OpenFiles: 4096, DataBytes: 1 << 20,
		NoCgroup: "cgroup v2 is not mounted", MemoryBytes: pluginhost.Unlimited, Processes: pluginhost.Unlimited,
	}
	w.host.show(shown)
	want := `"isolation":{"environmentScrubbed":true,"privateFolder":true,"processGroup":true,"parentDeathSignal":true,"noNewPrivileges":true,"filesProtected":false,` +
		`"limits":{"coreBytes":0,"dataBytes":1048576,"openFiles":4096,"memoryBytes":null,"processes":null},"cgroup":null,"noCgroup":"cgroup v2 is not mounted"}`
	if r := w.want(http.StatusOK, nil, w.ours.all, "GET", path, ""); !strings.Contains(string(r.body), want) {
		t.Errorf("%s", r.body)
	}
	if r := w.want(http.StatusOK, nil, w.ours.write, "GET", "/si/connectors/registry", ""); strings.Contains(string(r.body), "isolation") {
		t.Errorf("without the scope ops: %s", r.body)
	}
}

// One process serves all tenants: whose call failed last, and how busy the
// others are, is for operators.
func TestWhatIsCountedOfAllTenantsNeedsTheScopeOps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.show(pluginhost.ConnectorStatus{
		Name: connectorName, Version: "1.0.0", Environment: domain.Sandbox, State: pluginhost.StateRunning, InFlight: 41,
		Connections: []pluginhost.ConnectionStatus{{ID: w.ours.connection, Breaker: pluginhost.BreakerClosed, InFlight: 3, Failures: 2}},
		LastError:   &pluginhost.LastError{Class: domain.ClassRejected, Code: "their_code", Operation: "their.operation", At: w.clock.Now()},
		Operations:  []pluginhost.OperationStatus{{Name: "their.operation", Calls: 4711}},
	})
	for _, key := range []string{w.ours.read, w.ours.write} {
		var got listedConnectors
		r := w.want(http.StatusOK, &got, key, "GET", "/si/connectors/registry", "")
		for _, never := range []string{"their_code", "their.operation", ":41", ":4711"} {
			if strings.Contains(string(r.body), never) {
				t.Errorf("%q is shown: %s", never, r.body)
			}
		}
		c := got.Data[0]
		if c.InFlight != nil || c.LastError != nil || c.Operations != nil || c.Nodes != nil || !strings.Contains(string(r.body), `"inFlight":3,"failures":2`) {
			t.Errorf("%s", r.body)
		}
	}
	var got listedConnectors
	r := w.want(http.StatusOK, &got, w.ours.all, "GET", "/si/connectors/registry", "")
	if c := got.Data[0]; c.InFlight == nil || *c.InFlight != 41 || c.LastError == nil || c.LastError.Code != "their_code" || len(c.Operations) != 1 {
		t.Errorf("%s", r.body)
	}
}

func TestAConnectionWithoutItsConnectorIsShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var got listedConnectors
	w.want(http.StatusOK, &got, w.ours.read, "GET", "/si/connectors/registry", "")
	if len(got.Data) != 1 || got.Data[0].State != "not_installed" || got.Data[0].Connections[0].ID != string(w.ours.connection) {
		t.Errorf("%+v", got)
	}
}

func TestOperatorsSeeAndOrderAConnector(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.show(pluginhost.ConnectorStatus{
		Name: connectorName, Version: "1.0.0", Environment: domain.Sandbox, State: pluginhost.StateRunning, PID: 4711,
		Usage: pluginhost.Usage{MemoryBytes: 1 << 20}, Stderr: []string{"listening"},
	})
	path := "/si/connectors/registry/" + connectorName
	var one listedConnector
	w.want(http.StatusOK, &one, w.ours.all, "GET", path, "")
	if len(one.Nodes) != 1 || one.Nodes[0].Node != "node_1" || *one.Nodes[0].MemoryBytes != 1<<20 || len(one.Nodes[0].Log) != 1 {
		t.Errorf("%+v", one)
	}
	for action, want := range map[string]string{"pause": "pause", "stop": "stop", "resume": "run", "restart": "run"} {
		var got struct {
			Order struct{ Want, Reason, By string }
		}
		w.want(http.StatusAccepted, &got, w.ours.all, "POST", path+"/"+action, `{"reason":"the vendor asked"}`)
		if action != "restart" && got.Order.Want != want || got.Order.Reason != "the vendor asked" || !strings.HasPrefix(got.Order.By, "key_") {
			t.Errorf("%s: %+v", action, got)
		}
	}
	w.want(http.StatusAccepted, nil, w.ours.all, "POST", path+"/restart", "")
	if r := w.want(http.StatusOK, nil, w.ours.read, "GET", "/si/connectors/registry", ""); !strings.Contains(string(r.body), `"order":null`) {
		t.Errorf("who ordered what is shown without the scope ops: %s", r.body)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.all, "POST", path+"/stop", `{"reason":7,"force":true}`)
	w.refused(http.StatusNotFound, "connector_not_found", w.ours.all, "POST", "/si/connectors/registry/nobody/stop", `{}`)
	w.refused(http.StatusNotFound, "connector_not_found", w.ours.all, "GET", "/si/connectors/registry/nobody", "")
	w.refused(http.StatusForbidden, "scope_missing", w.ours.write, "POST", path+"/stop", `{}`)
}

func TestOperatorsChangeTheVersionOfAConnectorAndGoBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.show(pluginhost.ConnectorStatus{Name: connectorName, Version: "1.0.0", Environment: domain.Sandbox, State: pluginhost.StateRunning, Reads: true, Hindrance: "version 1.1.0 did not start"})
	path := "/si/connectors/registry/" + connectorName
	var got struct {
		Active *struct {
			Version, Digest, By, Reason string
			Locked                      bool
			Previous                    *struct{ Version, Digest string }
		}
		Nodes []struct {
			Reads     bool
			Hindrance string
		}
	}
	w.want(http.StatusOK, &got, w.ours.all, "GET", path, "")
	if got.Active != nil || !got.Nodes[0].Reads || got.Nodes[0].Hindrance == "" {
		t.Errorf("%+v", got)
	}
	w.refused(http.StatusConflict, "no_previous_version", w.ours.all, "POST", path+"/rollback", `{}`)
	w.host.install("1.1.0", nil)
	w.want(http.StatusAccepted, &got, w.ours.all, "POST", path+"/reload", `{"reason":"faster"}`)
	if a := got.Active; a == nil || a.Version != "1.1.0" || a.Digest != digestOf("1.1.0") || !a.Locked || a.Reason != "faster" || !strings.HasPrefix(a.By, "key_") || a.Previous == nil || a.Previous.Version != "1.0.0" {
		t.Errorf("%+v", got.Active)
	}
	w.want(http.StatusAccepted, &got, w.ours.all, "POST", path+"/rollback", "")
	if a := got.Active; a.Version != "1.0.0" || a.Previous.Version != "1.1.0" {
		t.Errorf("%+v", got.Active)
	}
	w.host.install("1.2.0", errors.New("its SHA-256 is another"))
	w.refused(http.StatusConflict, "version_unusable", w.ours.all, "POST", path+"/reload", "")
	w.refused(http.StatusConflict, "version_not_here", w.ours.all, "POST", path+"/rollback", "")
	w.refused(http.StatusNotFound, "connector_not_found", w.ours.all, "POST", "/si/connectors/registry/nobody/reload", "")
	w.refused(http.StatusForbidden, "scope_missing", w.ours.write, "POST", path+"/reload", "")
	if r := w.want(http.StatusOK, nil, w.ours.read, "GET", "/si/connectors/registry", ""); !strings.Contains(string(r.body), `"active":null`) {
		t.Errorf("who made which version active is shown without the scope ops: %s", r.body)
	}
}

func TestOperatorsChooseTheLevelOfAConnectorsLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.show(pluginhost.ConnectorStatus{Name: connectorName, Environment: domain.Sandbox, State: pluginhost.StateRunning})
	path := "/si/connectors/registry/" + connectorName + "/log-level"
	var got struct{ LogLevel string }
	w.want(http.StatusAccepted, &got, w.ours.all, "POST", path, `{"level":"debug","reason":"to see more"}`)
	if got.LogLevel != "debug" {
		t.Errorf("%+v", got)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.all, "POST", path, `{"level":"loud"}`)
	w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.all, "POST", path, "")
	w.refused(http.StatusForbidden, "scope_missing", w.ours.write, "POST", path, `{"level":"info"}`)
}
