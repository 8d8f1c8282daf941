//go:build linux

package chaostest

import (
	"os"
	"regexp"
	"slices"
	"syscall"
	"testing"
	"time"

	firs "github.com/afara-dev/afara/plugins/firs/simulator"
)

// TestANodeThatStoodStillForLongerThanItsLapseWritesNothingWrong stops one of
// two nodes while its calls are at the authority. The other one takes its work
// over and looks up; then the first goes on with answers that came long ago.
func TestANodeThatStoodStillForLongerThanItsLapseWritesNothingWrong(t *testing.T) {
	t.Parallel()
	// Slow enough that a live node's heartbeat is not late on a busy machine.
	w := newWorld(t, postgresRedis, 4, "")
	w.name = "one node of two stops"
	must(t, w.authority.Inject(firs.Fault{Kind: firs.FaultSlow, DelayMillis: 400}))
	still, other := w.start(""), w.start("")
	id := nodeID(t, still)
	posted := w.background(func() { w.post(w.key, 16, numbered("F", 150)) })
	doubts := `SELECT COUNT(*) FROM work WHERE open_attempt <> '' AND owner = '` + id + `'`
	w.eventually(time.Minute, "the first node waits for answers", func() bool { return w.number(doubts) >= 3 })
	still.signal(t, syscall.SIGSTOP)
	stopped := w.number(doubts)
	w.eventually(time.Minute, "the other one has taken its work over", func() bool {
		return w.number(`SELECT COUNT(*) FROM work WHERE owner = '`+id+`'`) == 0
	})
	still.signal(t, syscall.SIGCONT)
	<-posted
	w.settled(2 * time.Minute)
	still.drain(t)
	w.finish(other, 2*time.Minute)
	if stopped < 1 || !logged(other.log, "freed the claims of a lapsed node") {
		t.Errorf("the node stopped with %d calls out, and nothing was taken over: nothing is proved", stopped)
	}
}

// TestARequestThatStoodStillWithItsConnectorIsNeverSentLate stops a node and
// its connector with calls in between: stored as sent, and not at the authority.
// The other node finds nothing, twice and late enough, and sends again. When the
// first two go on, the deadline is over, and nothing of the old calls may leave.
func TestARequestThatStoodStillWithItsConnectorIsNeverSentLate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, postgresRedis, usual, "")
	w.name = "a node and its connector stop"
	still := w.start("")
	found := make(chan struct{})
	posted := w.background(func() { w.postUntil(w.key, 8, "G", found) })
	w.eventually(time.Minute, "work is under way", func() bool { return w.receiver.count() >= 20 })
	connector, stuck := w.stopBetween(still, "firs", w.unsent)
	close(found)
	other := w.start("")
	<-posted
	w.settled(2 * time.Minute)
	must(t, syscall.Kill(connector, syscall.SIGCONT))
	still.signal(t, syscall.SIGCONT)
	still.drain(t)
	w.finish(other, time.Minute)
	w.foundMissing(stuck)
}

// foundMissing holds the authority and the attempts against each other: who had
// not heard of a reference was asked twice before it was sent again, and at
// least one was. A request that was still on its way in when its connector
// stopped is found at the first look.
func (w *world) foundMissing(stuck []string) {
	w.t.Helper()
	again, err := w.query(`SELECT vendor_reference FROM attempt WHERE stage = 'sign' AND outcome = 'not_done'`)
	must(w.t, err)
	for _, irn := range again {
		if asked, _ := w.authority.Asked(irn); asked.Confirms < 2 {
			w.t.Errorf("%s was sent again after %d look-ups", irn, asked.Confirms)
		}
	}
	for _, irn := range stuck {
		if asked, _ := w.authority.Asked(irn); asked.Confirms < 1 {
			w.t.Errorf("%s was in doubt, and nobody asked for it", irn)
		}
	}
	if !slices.ContainsFunc(again, func(irn string) bool { return slices.Contains(stuck, irn) }) {
		w.t.Errorf("none of the %d requests that stood still was found missing: nothing is proved", len(stuck))
	}
}

// stopBetween stops a node's connector and then the node at a moment at which
// requests are stored as sent and not at the vendor, and answers their
// references. The host may have taken the stopped connector for frozen meanwhile
// and started another: each try asks anew which one it is.
func (w *world) stopBetween(n *node, name string, unsent func() []string) (connector int, stuck []string) {
	w.t.Helper()
	w.eventually(time.Minute, "requests stand still between node and vendor", func() bool {
		connector = n.child(name)
		if connector == 0 || syscall.Kill(connector, syscall.SIGSTOP) != nil {
			return false
		}
		if within(300*time.Millisecond, func() bool { return len(unsent()) >= 3 }) {
			n.signal(w.t, syscall.SIGSTOP)
			if stuck = unsent(); len(stuck) >= 3 {
				return true
			}
			n.signal(w.t, syscall.SIGCONT)
		}
		_ = syscall.Kill(connector, syscall.SIGCONT)
		return false
	})
	return connector, stuck
}

// unsent answers the references that are stored as sent, are in doubt, and that
// the authority has not heard of. An attempt that ended before its request began
// is not in doubt.
func (w *world) unsent() []string {
	doubts, err := w.query(`SELECT vendor_reference FROM attempt WHERE stage = 'sign' AND outcome = ''`)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(doubts, func(irn string) bool {
		asked, _ := w.authority.Asked(irn)
		return asked.Signs > 0
	})
}

// nodeID is the name under which a node owns claims.
func nodeID(t *testing.T, n *node) string {
	t.Helper()
	pattern := regexp.MustCompile(`msg="node started" node=(node_[0-9A-Z]+)`)
	var id string
	within(20*time.Second, func() bool {
		raw, err := os.ReadFile(n.log)
		found := pattern.FindSubmatch(raw)
		if err == nil && found != nil {
			id = string(found[1])
		}
		return id != ""
	})
	if id == "" {
		t.Fatalf("the node did not start; log:\n%s", tail(n.log))
	}
	return id
}
