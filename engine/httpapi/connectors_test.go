package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
)

type listedConnectors struct {
	Data []struct {
		Name, Version, Environment, State string
		Reason                            *string
		InFlight                          *int
		LastError                         *struct{ Class, Code string }
		Operations                        []struct {
			Name  string
			P95Ms int
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
}

func TestTheRegistryShowsOurConnectionsAndNobodyElses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.show(
		pluginhost.ConnectorStatus{Name: "idle", State: pluginhost.StateStopped, Reason: "no enabled connection needs it"},
		pluginhost.ConnectorStatus{
			Name: connectorName, Version: "1.0.0", Environment: domain.Sandbox, State: pluginhost.StateRunning, Stderr: []string{"their secret line"},
			Connections: []pluginhost.ConnectionStatus{{ID: w.theirs.connection, Breaker: pluginhost.BreakerClosed}, {ID: w.ours.connection, Breaker: pluginhost.BreakerOpen}},
			LastError:   &pluginhost.LastError{Class: domain.ClassUnavailable, Code: "down", Operation: "invoice.sign", At: w.clock.Now()},
			Operations:  []pluginhost.OperationStatus{{Name: "invoice.sign", Calls: 7, P95: 120 * time.Millisecond}},
		},
		pluginhost.ConnectorStatus{Name: connectorName, Environment: domain.Production, State: pluginhost.StateCrashLoop},
	)
	must(t, w.registry.Pause(t.Context(), w.ours.connection, &domain.ConnectorError{Class: domain.ClassUnauthorized, Message: "the key is refused"}))
	var got listedConnectors
	r := w.want(http.StatusOK, &got, w.ours.all, "GET", "/si/connectors/registry", "")
	if len(got.Data) != 2 || got.Data[1].State != "running" || len(got.Data[1].Connections) != 1 || got.Data[1].Operations[0].P95Ms != 120 {
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
		if c.InFlight != nil || c.LastError != nil || c.Operations != nil || !strings.Contains(string(r.body), `"inFlight":3,"failures":2`) {
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
