//go:build linux

package chaostest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/plugins/simnet"
)

// paymentDose is how much is done to one of the six worlds.
type paymentDose struct {
	funds, payments, callers int
	engine, connector, redis int
	limit                    time.Duration // for the rest after the last kill
}

func thePaymentDose() paymentDose {
	if full() {
		return paymentDose{funds: 40, payments: 800, callers: 10, engine: 20, connector: 8, redis: 3, limit: 6 * time.Minute}
	}
	return paymentDose{funds: 6, payments: 30, callers: 4, engine: 3, connector: 1, redis: 1, limit: 2 * time.Minute}
}

// TestMoneyIsSafeUnderFire moves money in all directions while engines die at
// their fail points and anywhere else, connectors and Redis die, and the operator
// drops answers after the debit, answers late, or not at all, and loses, repeats,
// forges and mixes up its pushes.
//
// The operator's guard against used references changes nothing of what is
// promised, since the engine never relies on it: after a doubt it asks, and sends
// again only what the operator twice did not know, asked when nothing of the first
// request could be under way any more. Without the guard that promise has two
// conditions, which the stand-in keeps: the operator tells the truth of what it
// has, and takes nothing in later than settlesAfter.
func TestMoneyIsSafeUnderFire(t *testing.T) {
	t.Parallel()
	seed := seedOf(t)
	t.Logf("repeat with AFARA_CHAOS_SEED=%d", seed)
	for i, b := range []backend{embedded, sqliteRedis, postgresRedis} {
		for j, guard := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/guard=%t", b.name, guard), func(t *testing.T) {
				t.Parallel()
				c := &fire{
					paymentWorld: newPaymentWorld(t, b, guard), dose: thePaymentDose(), seed: seed,
					random: rand.New(rand.NewPCG(seed, uint64(2*i+j))),
				}
				c.run()
			})
		}
	}
}

// fire is a world to which things happen while it moves money.
type fire struct {
	*paymentWorld
	dose   paymentDose
	seed   uint64
	random *rand.Rand
	node   *node
	points []string // where the next engines die

	atPoints, resolved int // engines that died at theirs; payments that a person ended
}

func (c *fire) run() {
	c.node = c.start("")
	c.fund(c.dose.funds)
	c.inject()
	c.points = append(failpoint.All(), failpoint.Stored, failpoint.DeliveryStarted, failpoint.DeliveryAnswered)
	c.random.Shuffle(len(c.points), func(i, j int) { c.points[i], c.points[j] = c.points[j], c.points[i] })
	plan := c.plan()
	steps := make([]int, len(plan))
	for i := range steps {
		steps[i] = c.random.IntN(2 * c.dose.payments * 95 / 100)
	}
	slices.Sort(steps)
	phones, callers := rand.New(rand.NewPCG(c.seed, c.random.Uint64())), c.random.Uint64()
	enough := make(chan struct{})
	c.posting.Go(func() { c.phones(phones, enough) })
	defer close(enough)
	c.arm()
	fed := c.background(func() { c.feed(callers, c.dose.callers, func(n int64) bool { return n > int64(c.dose.payments) }) })
	for i, act := range plan {
		within(3*time.Second, func() bool { return c.node.over() || c.progress() >= steps[i] })
		act()
		c.kills++
	}
	c.killEngine("")
	<-fed
	c.net.Heal()
	c.finish()
	c.proved()
}

// inject bends a part of the operator's answers and pushes.
func (c *fire) inject() {
	for _, pay := range []string{"requesttopay", "transfer", "refund"} {
		must(c.t, c.net.Inject(
			simnet.Fault{Kind: simnet.FaultLost, Operation: pay, Percent: 10},
			simnet.Fault{Kind: simnet.FaultStatusAfter, Status: http.StatusServiceUnavailable, Operation: pay, Percent: 5},
			simnet.Fault{Kind: simnet.FaultDrop, Operation: pay, Percent: 3},
			simnet.Fault{Kind: simnet.FaultStatus, Status: http.StatusTooManyRequests, RetryAfterSeconds: 1, Operation: pay, Percent: 3},
			simnet.Fault{Kind: simnet.FaultSilent, Operation: pay, Times: 2},
			// Later than the first look-up, and well within settlesAfter at the pace of
			// this world's clock: who takes an early "not found" for the truth pays twice.
			simnet.Fault{Kind: simnet.FaultSlow, DelayMillis: 4500, Operation: pay, Percent: 8},
			simnet.Fault{Kind: simnet.FaultStatus, Operation: pay + "_status", Percent: 5},
			// Nobody can tell what this means of a look-up: a person must.
			simnet.Fault{Kind: simnet.FaultStatus, Status: http.StatusBadRequest, Operation: pay + "_status", Percent: 2},
		))
	}
	must(c.t, c.net.Inject(
		simnet.Fault{Kind: simnet.FaultDrop, Operation: "token", Percent: 10},
		simnet.Fault{Kind: simnet.FaultCallbackLost, Percent: 20},
		simnet.Fault{Kind: simnet.FaultCallbackTwice, Percent: 10},
		simnet.Fault{Kind: simnet.FaultCallbackStale, Percent: 10},
		simnet.Fault{Kind: simnet.FaultCallbackLate, DelayMillis: 3000, Percent: 10},
		simnet.Fault{Kind: simnet.FaultCallbackForged, Percent: 10},
	))
}

// plan is what happens, in a random order.
func (c *fire) plan() []func() {
	plan := slices.Repeat([]func(){c.arm}, c.dose.engine)
	plan = append(plan, slices.Repeat([]func(){c.killConnector}, c.dose.connector)...)
	if c.redis != nil {
		plan = append(plan, slices.Repeat([]func(){func() { c.redis.Restart(false) }}, c.dose.redis)...)
		plan = append(plan, func() { c.redis.Restart(true) })
	}
	c.random.Shuffle(len(plan), func(i, j int) { plan[i], plan[j] = plan[j], plan[i] })
	return plan
}

// arm kills the engine, unless it has died at its fail point, and starts one that
// dies at the next point.
func (c *fire) arm() {
	point := c.points[0]
	c.points = append(c.points[1:], point)
	c.killEngine(fmt.Sprintf("%s:%d", point, 1+c.random.IntN(6)))
}

func (c *fire) killEngine(next string) {
	if c.node.over() {
		c.atPoints++
	}
	c.node.kill()
	c.node = c.start(next)
}

func (c *fire) killConnector() {
	if c.node.over() {
		c.arm()
	}
	pid := 0
	within(3*time.Second, func() bool { pid = c.node.child("mtn"); return pid != 0 || c.node.over() })
	if pid != 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have died by itself
	}
}

// progress counts what was accepted and what was told.
func (c *fire) progress() int { return len(c.acceptedIDs()) + c.receiver.count() }
