package conformance

import (
	"context"
	"time"
)

// lettingGo is how long a call that was given up may go on.
const lettingGo = 2 * time.Second

func timeChecks() []check {
	return []check{
		{"time.deadline", "A call whose deadline passes lets go of its request to the vendor.", needsVendor, nil, timeDeadline},
		{"time.cancel", "A call that is cancelled lets go of its request to the vendor.", needsVendor, nil, timeCancel},
		{"time.neighbours", "While one call waits for the vendor, others go on.", needsVendor, nil, timeNeighbours},
	}
}

// waiting begins a call to a vendor that says nothing, and gives its request.
// end gives the call up; it may be nil where ctx ends by itself.
func (b *bench) waiting(ctx context.Context) (seen, <-chan answer, error) {
	c := b.someCase(func(c *Case) bool { return b.reaches(ctx, c) })
	if c == nil {
		return seen{}, nil, skip("no case without effect asks the vendor")
	}
	p, conn, v, err := b.ready(hangs, nil)
	if err != nil {
		return seen{}, nil, err
	}
	f, err := b.fill(c, b.nextNumber())
	if err != nil {
		return seen{}, nil, err
	}
	done := make(chan answer, 1)
	go func() { done <- b.invokeWithin(ctx, p, conn, f, nil) }()
	request, arrived := v.await(quickLimit, func(seen) bool { return true })
	if !arrived {
		return seen{}, nil, wrong("a request to the vendor", "none within 5 s", "Put that right: see invoke.valid.")
	}
	return request, done, nil
}

// letsGo waits until the connector has hung up.
func letsGo(request seen, after string) error {
	limit := time.NewTimer(lettingGo)
	defer limit.Stop()
	select {
	case <-request.gone:
		return nil
	case <-limit.C:
		return wrong("the request to the vendor to end within 2 s after "+after, "one that went on",
			"Pass the call's context to every request and every wait.")
	}
}

func timeDeadline(ctx context.Context, b *bench, _ subject) error {
	b.someCase(func(c *Case) bool { return b.reaches(ctx, c) }) // learned before the time runs
	within, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, done, err := b.waiting(within)
	if err != nil {
		return err
	}
	<-within.Done()
	err = letsGo(request, "the call's deadline")
	<-done
	return err
}

func timeCancel(ctx context.Context, b *bench, _ subject) error {
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	request, done, err := b.waiting(within)
	if err != nil {
		return err
	}
	cancel()
	err = letsGo(request, "the call was cancelled")
	<-done
	return err
}

func timeNeighbours(ctx context.Context, b *bench, _ subject) error {
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	_, done, err := b.waiting(within)
	if err != nil {
		return err
	}
	defer func() { cancel(); <-done }()
	ask, c, err := b.question(ctx, nil)
	if err != nil {
		return err
	}
	if a := ask(); !a.ok() || a.took > quickLimit {
		return wrong("a result of "+c.Operation+" within 5 s while another call waits", a.said(), "Hold no lock while the vendor is asked.")
	}
	return nil
}
