package engine_test

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
)

// seenConnector is what this test reads of the registry.
type seenConnector struct {
	Name, State string
	Nodes       []struct {
		PID         *int
		State       string
		MemoryBytes *int64
		Log         []string
	}
	Queue struct{ Depth int }
}

func (w *world) connector() (c seenConnector) {
	w.t.Helper()
	if code := w.call("GET", "/si/connectors/registry/firs", nil, &c); code != http.StatusOK {
		w.t.Fatalf("registry: status %d", code)
	}
	return c
}

// told counts the stored events of a type.
func (w *world) told(event string) int {
	w.t.Helper()
	var page struct{ Data []struct{ Event string } }
	if code := w.call("GET", "/v1/events?event="+event, nil, &page); code != http.StatusOK {
		w.t.Fatalf("events: status %d", code)
	}
	return len(page.Data)
}

// A connector that crashes again and again is told of once; an operator's
// restart brings it back, the end of the trouble is told, and what was accepted
// meanwhile is signed.
func TestACrashLoopIsToldAndAnOperatorEndsIt(t *testing.T) {
	t.Parallel()
	w := start(t)
	eventually(t, "it is in a crash loop", func() bool {
		c := w.connector()
		if c.State == "crash_loop" {
			return true
		}
		if len(c.Nodes) == 1 && c.Nodes[0].PID != nil && c.State == "running" {
			_ = syscall.Kill(*c.Nodes[0].PID, syscall.SIGKILL) // it may have gone by itself
		}
		return false
	})
	eventually(t, "the trouble is told", func() bool { return w.told("connector.degraded") == 1 })
	if code := w.call("POST", "/si/invoices", map[string]any{"invoice": w.invoice("LOOP-1")}, nil); code != http.StatusAccepted {
		t.Fatalf("status %d", code)
	}
	if code := w.call("POST", "/si/connectors/registry/firs/restart", map[string]any{"reason": "It was our own test."}, nil); code != http.StatusAccepted {
		t.Fatalf("restart: status %d", code)
	}
	if e := w.receiver.next(t); e.Type != "invoice.signed" {
		t.Errorf("%+v", e)
	}
	eventually(t, "its end is told", func() bool { return w.told("connector.recovered") == 1 })
	if c := w.connector(); c.State != "running" || c.Nodes[0].MemoryBytes == nil || w.told("connector.degraded") != 1 {
		t.Errorf("%+v", c)
	}
}

func TestAPausedConnectorKeepsWhatIsAcceptedUntilItIsResumed(t *testing.T) {
	t.Parallel()
	w := start(t)
	order := func(action string) {
		t.Helper()
		if code := w.call("POST", "/si/connectors/registry/firs/"+action, nil, nil); code != http.StatusAccepted {
			t.Fatalf("%s: status %d", action, code)
		}
	}
	eventually(t, "it runs", func() bool { return w.connector().State == "running" })
	order("pause")
	eventually(t, "it is paused", func() bool { return w.connector().State == "paused" })
	if code := w.call("POST", "/si/invoices", map[string]any{"invoice": w.invoice("PAUSE-1")}, nil); code != http.StatusAccepted {
		t.Fatalf("status %d", code)
	}
	if c := w.connector(); c.Queue.Depth != 1 {
		t.Errorf("queue of %d", c.Queue.Depth)
	}
	order("stop")
	eventually(t, "it is stopped", func() bool { return w.connector().State == "stopped" })
	order("resume")
	if e := w.receiver.next(t); e.Type != "invoice.signed" {
		t.Errorf("%+v", e)
	}
}

func TestADrainedNodeKeepsWhatIsAcceptedUntilItNeedNotDrain(t *testing.T) {
	t.Parallel()
	w := start(t)
	var nodes struct {
		Data []struct {
			ID         domain.NodeID
			Live       bool
			Draining   bool
			Claims     int
			Connectors []struct{ Name, State string }
		}
	}
	seen := func() bool {
		return w.call("GET", "/si/nodes", nil, &nodes) == http.StatusOK && len(nodes.Data) == 1 && len(nodes.Data[0].Connectors) == 1
	}
	eventually(t, "the node is listed with its connector", seen)
	if n := nodes.Data[0]; !n.Live || n.Draining || n.Connectors[0].Name != "firs" {
		t.Errorf("%+v", n)
	}
	must(t, w.engine.Store.Drain(t.Context(), nodes.Data[0].ID, true))
	eventually(t, "it says so to load balancers", func() bool { return w.call("GET", "/readyz", nil, nil) == http.StatusServiceUnavailable })
	if code := w.call("POST", "/si/invoices", map[string]any{"invoice": w.invoice("DRAIN-1")}, nil); code != http.StatusAccepted {
		t.Fatalf("status %d", code)
	}
	if c := w.connector(); c.Queue.Depth != 1 || !seen() || nodes.Data[0].Claims != 0 || !nodes.Data[0].Draining {
		t.Errorf("%+v %+v", c, nodes)
	}
	must(t, w.engine.Store.Drain(t.Context(), nodes.Data[0].ID, false))
	if e := w.receiver.next(t); e.Type != "invoice.signed" {
		t.Errorf("%+v", e)
	}
}
