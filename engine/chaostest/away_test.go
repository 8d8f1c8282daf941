//go:build linux

package chaostest

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/internal/testserver"
	firs "github.com/afara-dev/afara/plugins/firs/simulator"
)

// TestRedisAwayForAMinuteHealsByItself: frozen or dead, intake refuses after a
// while, what was accepted waits in the database, and all goes on by itself.
func TestRedisAwayForAMinuteHealsByItself(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]func(*testserver.RedisServer) (back func()){
		"frozen": func(r *testserver.RedisServer) func() { r.Pause(); return r.Resume },
		"dead":   func(r *testserver.RedisServer) func() { r.Kill(); return func() { r.Restart(true) } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sqliteRedis, usual, "")
			w.name = "redis " + name
			n := w.start("")
			w.post(w.key, 4, numbered("A", 30))
			back := away(w.redis)
			w.kills++
			before := w.pace.Now()
			tries, refused := 0, 0
			var unanswered []string
			w.eventually(2*time.Minute, "a minute has passed and intake refuses", func() bool {
				tries++
				number := fmt.Sprintf("B%05d", tries)
				switch err := w.tryWhileAway(number); {
				case err == nil:
				case strings.Contains(err.Error(), "bus_unavailable"):
					refused++
				case errors.Is(err, errAgain):
					unanswered = append(unanswered, number)
				default:
					t.Errorf("refused with %v", err)
				}
				return w.pace.Now().Sub(before) > aMinute() && refused > 0
			})
			back()
			w.post(w.key, 4, append(unanswered, numbered("C", 30)...))
			w.finish(n, 90*time.Second)
		})
	}
}

// aMinute is one of the engine's clock, and in a full run a real one.
func aMinute() time.Duration {
	if full() {
		return usual * time.Minute
	}
	return time.Minute
}

// tryWhileAway submits once. An error that is errAgain and no refusal leaves
// open whether the invoice was stored.
func (w *world) tryWhileAway(number string) error {
	id, err := w.submit(w.key, number)
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.accepted[number] = id
	}
	return err
}

// TestADatabaseThatIsKilledUnderLoadHeals: PostgreSQL dies twice while invoices
// come in, with whatever was being committed.
func TestADatabaseThatIsKilledUnderLoadHeals(t *testing.T) {
	t.Parallel()
	server := testserver.PostgresServer(t)
	w := newWorld(t, postgresRedis, usual, server.Database(t))
	w.name = "postgres killed"
	n := w.start("")
	posted := w.background(func() { w.post(w.key, 8, numbered("P", 200)) })
	for _, seen := range []int{40, 120} {
		w.eventually(time.Minute, "work is under way", func() bool { return w.receiver.count() >= seen })
		server.Restart(t)
		w.kills++
	}
	<-posted
	w.finish(n, 100*time.Second)
}

// TestATerminatedNodeDrains: SIGTERM under load lets the calls that are out
// come back and be stored, gives every claim back and leaves no process behind.
func TestATerminatedNodeDrains(t *testing.T) {
	t.Parallel()
	for _, b := range []backend{embedded, postgresRedis} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, b, usual, "")
			w.name = b.name + " drains"
			must(t, w.authority.Inject(firs.Fault{Kind: firs.FaultSlow, DelayMillis: 300}))
			n := w.start("")
			posted := w.background(func() { w.post(w.key, 16, numbered("T", 150)) })
			w.eventually(time.Minute, "calls are out", func() bool {
				return w.number(`SELECT COUNT(*) FROM work WHERE open_attempt <> ''`) >= 5
			})
			children := n.children()
			n.drain(t)
			w.none("claims of a node that left", `SELECT id, owner, stage FROM work WHERE owner <> ''`)
			w.none("doubts of a node that left in order", `SELECT id, stage, open_attempt FROM work WHERE open_attempt <> ''`)
			for _, pid := range children {
				if alive(pid) {
					t.Errorf("process %d outlived its node", pid)
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			if len(children) == 0 {
				t.Error("the node had no connector: nothing is proved")
			}
			n = w.start("")
			<-posted
			w.finish(n, 90*time.Second)
		})
	}
}
