package store

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// clockEvery is how often the database's clock is compared with the node's.
const clockEvery = time.Minute

// clock is the node's clock corrected to the database's, so that the nodes of
// one database agree on due times and leases.
type clock struct {
	node    func() time.Time
	compare func(context.Context) (time.Duration, error)
	log     *slog.Logger
	ahead   atomic.Int64 // nanoseconds
}

func newClock(cfg Config, compare func(context.Context) (time.Duration, error)) *clock {
	return &clock{node: cfg.Now, compare: compare, log: cfg.Log}
}

func (c *clock) now() time.Time { return c.node().Add(c.offset()) }

func (c *clock) offset() time.Duration { return time.Duration(c.ahead.Load()) }

func (c *clock) measure(ctx context.Context) error {
	d, err := c.compare(ctx)
	if err != nil {
		return err
	}
	c.ahead.Store(int64(d))
	return nil
}

// start measures each minute until stop, which waits. A measurement that does
// not work leaves the last one standing.
func (c *clock) start() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { c.loop(ctx) })
	return func() { cancel(); wg.Wait() }
}

func (c *clock) loop(ctx context.Context) {
	t := time.NewTicker(clockEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if err := c.measure(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("database clock not measured", "error", err)
		}
	}
}

// midpointOffset is the server's time less the middle of the round trip that
// asked for it; 0 when it lies inside the round trip, because then the two
// clocks cannot be told apart.
func midpointOffset(before, server, after time.Time) time.Duration {
	half := after.Sub(before) / 2
	d := server.Sub(before.Add(half))
	if d.Abs() <= half {
		return 0
	}
	return d
}
