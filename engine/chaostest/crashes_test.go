//go:build linux

package chaostest

import (
	"net/http"
	"syscall"
	"testing"
	"time"
)

// crashes is how often the connector's process dies, and backlog how many
// invoices are under way meanwhile.
const crashes = 5

func backlog() (invoices int, limit time.Duration) {
	if full() {
		return 10_000, 10 * time.Minute
	}
	return 300, 100 * time.Second
}

// TestABacklogSettlesOnceOverFiveCrashes accepts all invoices while the
// connector is paused, so that every one of them is in flight when it begins,
// and kills its process again and again while it works them off.
func TestABacklogSettlesOnceOverFiveCrashes(t *testing.T) {
	t.Parallel()
	invoices, limit := backlog()
	w := newWorld(t, embedded, usual, "")
	w.name = "backlog"
	w.args = append(w.args, "--backlog-limit", "20000")
	c := &chaos{world: w, node: w.start("")}
	c.order("pause")
	c.post(c.key, 8, numbered("B", invoices))
	if signed := c.signed(); signed != 0 {
		t.Fatalf("%d were signed by a connector that is paused", signed)
	}
	c.order("resume")
	var back []time.Duration
	for i := range crashes {
		c.eventually(limit, "enough are signed for the next crash", func() bool { return c.signed() >= (i+1)*invoices/(crashes+2) })
		back = append(back, c.crash())
	}
	if left := invoices - c.signed(); left <= 0 {
		t.Error("nothing was left to do after the last crash")
	}
	t.Logf("from a kill to the next process's first signature: %v", back)
	c.finish(c.node, limit)
}

// crash kills the connector's process and answers how long it took until the
// next one had something signed.
func (c *chaos) crash() time.Duration {
	c.t.Helper()
	dead := 0
	c.eventually(time.Minute, "there is a process to kill", func() bool { dead = c.node.child("firs"); return dead != 0 })
	must(c.t, syscall.Kill(dead, syscall.SIGKILL))
	c.kills++
	killed := time.Now()
	c.eventually(time.Minute, "there is another process", func() bool { pid := c.node.child("firs"); return pid != 0 && pid != dead })
	at := c.signed()
	c.eventually(time.Minute, "it has something signed", func() bool { return c.signed() > at })
	return time.Since(killed).Round(time.Millisecond)
}

// signed counts what the authority has been asked to register.
func (c *chaos) signed() int { return int(c.authority.Counters().Requests["sign"]) }

// order gives an operator's order and waits until it is obeyed.
func (c *chaos) order(action string) {
	c.t.Helper()
	want := map[string]string{"pause": "paused", "resume": "running"}[action]
	c.eventually(30*time.Second, "the order to "+action+" is obeyed", func() bool {
		var out struct{ State string }
		if status, _ := c.call(c.key, http.MethodPost, "/si/connectors/registry/firs/"+action, "", map[string]any{}, nil); status != http.StatusAccepted {
			return false
		}
		_, err := c.call(c.key, http.MethodGet, "/si/connectors/registry/firs", "", nil, &out)
		return err == nil && out.State == want
	})
}
