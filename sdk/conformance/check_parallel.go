package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

const (
	// together is how many calls run at one time.
	together = 16
	// many is how many calls show whether something grows.
	many = 1000
	// growth is how many descriptors more are no growth: connections to a vendor
	// are kept.
	growth = 64
)

func parallelChecks() []check {
	return []check{
		{"parallel.calls", "Sixteen calls at one time each get their own answer.", needsSettings, nil, parallelCalls},
		{"parallel.connections", "Connections with different settings, called at one time, never use each other's.", needsVendor, nil, parallelConnections},
		{"parallel.growth", "After a thousand calls the process holds no more descriptors than before.", needsSettings, nil, parallelGrowth},
	}
}

// tells reports whether a case says what in its result is its own.
func (c *Case) tells() bool {
	raw, err := json.Marshal(c.Expect)
	return err == nil && strings.Contains(string(raw), "${n}")
}

func parallelCalls(ctx context.Context, b *bench, _ subject) error {
	p, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	c := b.someCase(func(c *Case) bool { return c.tells() })
	if c == nil {
		return skip("no case without effect expects something with ${n} in it")
	}
	op, _ := b.manifest.Operation(c.Operation)
	fills := make([]*filled, together)
	for i := range together {
		if fills[i], err = b.fill(c, b.nextNumber()); err != nil {
			return err
		}
	}
	got := make([]answer, together)
	var all sync.WaitGroup
	for i := range together {
		all.Go(func() { got[i] = b.invoke(ctx, p, conn, fills[i], nil) })
	}
	all.Wait()
	for i := range together {
		if err := b.fits(subject{operation: op}, fills[i], got[i]); err != nil {
			return wrong("of "+c.Operation+" the answer to its own call", err.Error(), "Keep nothing of a call where another call can change it.")
		}
	}
	return nil
}

// parallelConnections calls one connection whose vendor accepts and one whose
// vendor refuses, turn by turn.
func parallelConnections(ctx context.Context, b *bench, _ subject) error {
	p, good, accepting, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	_, bad, refusing, err := b.ready(answersAll(b.unauthorized()), nil)
	if err != nil {
		return err
	}
	answers := make([]answer, together)
	var all sync.WaitGroup
	for i := range together {
		all.Go(func() { answers[i] = b.check(ctx, p, []*connectorpb.Connection{good, bad}[i%2]) })
	}
	all.Wait()
	const fix = "Keep what is made of settings by connection id and version; the SDK's Memo does."
	for i, a := range answers {
		if i%2 == 0 && !a.ok() {
			return wrong("success from Check of the connection that works", a.said(), fix)
		}
		if i%2 == 1 && a.class() != connectorpb.Class_CLASS_UNAUTHORIZED {
			return wrong("unauthorized from Check of the connection that is refused", a.said(), fix)
		}
	}
	atGood, _ := accepting.counts()
	atBad, _ := refusing.counts()
	if atGood == 0 || atBad == 0 {
		return wrong("requests at the vendors of both connections", fmt.Sprintf("%d and %d", atGood, atBad), fix)
	}
	return nil
}

func parallelGrowth(ctx context.Context, b *bench, _ subject) error {
	p, conn, _, err := b.ready(nil, nil)
	if err != nil {
		return err
	}
	c := b.someCase(anyCase)
	if c == nil {
		return skip("no case of an operation without effect")
	}
	f, err := b.fill(c, b.nextNumber())
	if err != nil {
		return err
	}
	round := func(n int) error {
		for batch := range slices.Chunk(make([]answer, n), together) {
			var all sync.WaitGroup
			for i := range batch {
				all.Go(func() { batch[i] = b.invoke(ctx, p, conn, f, nil) })
			}
			all.Wait()
			for _, a := range batch {
				if !a.ok() {
					return wrong("a result of "+c.Operation+" each time", a.said(), "Answer the last call like the first.")
				}
			}
		}
		return nil
	}
	if err := round(together * 4); err != nil {
		return err
	}
	before, ok := descriptors(p.run.pid())
	if !ok {
		return skip("this system does not tell how many descriptors another process holds")
	}
	if err := round(many); err != nil {
		return err
	}
	if after, _ := descriptors(p.run.pid()); after > before+growth {
		return wrong(fmt.Sprintf("some %d open descriptors after %d calls", before, many), fmt.Sprintf("%d", after), "Close answers and files, and make one client for a connection, not one for a call.")
	}
	return nil
}
