//go:build linux

package chaostest

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// dose is how much is done to one world.
type dose struct {
	invoices, engine, connector, redis int
	limit                              time.Duration // for the rest after the last kill
}

// full reports whether a long run was asked for.
func full() bool { return os.Getenv("AFARA_CHAOS") == "full" }

func theDose() dose {
	if full() {
		return dose{invoices: 2000, engine: 25, connector: 20, redis: 10, limit: 4 * time.Minute}
	}
	return dose{invoices: 300, engine: 6, connector: 5, redis: 3, limit: 100 * time.Second}
}

// TestRandomKillsLoseAndRepeatNothing kills engine, connector and Redis again
// and again while invoices come in, and wipes Redis once.
func TestRandomKillsLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	seed := seedOf(t)
	t.Logf("repeat with AFARA_CHAOS_SEED=%d", seed)
	for i, b := range []backend{embedded, sqliteRedis, postgresRedis} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			c := &chaos{world: newWorld(t, b, usual, ""), dose: theDose(), random: rand.New(rand.NewPCG(seed, uint64(i)))}
			c.run()
		})
	}
}

func seedOf(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("AFARA_CHAOS_SEED")
	if text == "" {
		return uint64(time.Now().Unix())
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	must(t, err)
	return seed
}

// chaos is a world to which things happen. What happens, and after how much
// progress, is drawn from the seed; who is then in the middle of what is not.
type chaos struct {
	*world
	dose   dose
	random *rand.Rand
	node   *node
}

func (c *chaos) run() {
	c.node = c.start("")
	posted := c.background(func() { c.post(c.key, 8, numbered("R", c.dose.invoices)) })
	plan := c.plan()
	// An invoice makes three steps that can be seen from outside.
	steps := make([]int, len(plan))
	for i := range steps {
		steps[i] = c.random.IntN(3 * c.dose.invoices * 95 / 100)
	}
	slices.Sort(steps)
	for i, act := range plan {
		// Not for ever: what was killed may be what made the progress.
		within(3*time.Second, func() bool { return c.progress() >= steps[i] })
		act()
		c.kills++
	}
	<-posted
	c.finish(c.node, c.dose.limit)
}

// progress counts what was accepted, asked of the authority and told.
func (c *chaos) progress() int {
	return len(c.acceptedIDs()) + int(c.authority.Counters().Requests["sign"]) + c.receiver.count()
}

// plan is what happens, in a random order.
func (c *chaos) plan() []func() {
	plan := slices.Repeat([]func(){c.killEngine}, c.dose.engine)
	plan = append(plan, slices.Repeat([]func(){c.killConnector}, c.dose.connector)...)
	if c.redis != nil {
		plan = append(plan, slices.Repeat([]func(){c.killRedis}, c.dose.redis)...)
		plan = append(plan, c.wipeRedis)
	}
	c.random.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
	return plan
}

func (c *chaos) killEngine() {
	c.node.kill()
	c.node = c.start("")
}

// killConnector waits for one to kill, since the last kill may be recent.
func (c *chaos) killConnector() {
	pid := 0
	within(3*time.Second, func() bool { pid = c.node.child("firs"); return pid != 0 })
	if pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have died by itself
	}
}

func (c *chaos) killRedis() { c.redis.Restart(false) }
func (c *chaos) wipeRedis() { c.redis.Restart(true) }
