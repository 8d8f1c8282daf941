package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/pluginhost"
)

type readiness struct {
	Ready      bool
	Store, Bus struct {
		OK     bool
		Reason *string
	}
	Connectors []struct {
		Name   string
		OK     bool
		Reason *string
	}
}

func TestReadinessFollowsStoreAndBusOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.host.show(pluginhost.ConnectorStatus{Name: "a", Environment: "sandbox", State: pluginhost.StateCrashLoop},
		pluginhost.ConnectorStatus{Name: "b", Environment: "production", State: pluginhost.StateRunning}, pluginhost.ConnectorStatus{Name: "unneeded"})
	var r readiness
	w.want(http.StatusOK, &r, "", "GET", "/readyz", "")
	if !r.Ready || len(r.Connectors) != 2 || r.Connectors[0].OK || *r.Connectors[0].Reason != "crash_loop" || !r.Connectors[1].OK {
		t.Errorf("%+v", r)
	}
	for name, part := range map[string]*pinger{"store": w.database, "bus": w.bus} {
		part.fail(errAway)
		w.clock.Add(hour)
		got := w.want(http.StatusServiceUnavailable, &r, "", "GET", "/readyz", "")
		if r.Ready || r.Store.OK == (name == "store") || r.Bus.OK == (name == "bus") || strings.Contains(string(got.body), "10.1.2.3") {
			t.Errorf("%s away: %s", name, got.body)
		}
		w.want(http.StatusOK, nil, "", "GET", "/healthz", "")
		part.fail(nil)
	}
	w.clock.Add(hour)
	w.want(http.StatusOK, nil, "", "GET", "/readyz", "")
}

func TestReadinessIsNoLeverOnTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 50 {
		w.want(http.StatusOK, nil, "", "GET", "/readyz", "")
	}
	if w.database.asked != 1 {
		t.Errorf("the database was asked %d times", w.database.asked)
	}
}
