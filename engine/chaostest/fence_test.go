package chaostest

import (
	"os"
	"regexp"
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
	posted := make(chan struct{})
	go func() {
		defer close(posted)
		w.post(w.key, 16, numbered("F", 150))
	}()
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
