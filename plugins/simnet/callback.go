package simnet

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/afara-dev/afara/schemas"
)

// Callback is one push of an operator to its client.
type Callback struct {
	Method, URL string
	Header      http.Header
	Body        []byte
}

// Compose makes an operator's callback of a transaction, in its own words; false
// when the client wants none. It may be called at any time from any goroutine.
type Compose func(Transaction) (Callback, bool)

// Announce has an operator's callbacks made by compose. Call it before the
// operator takes orders.
func (n *Network) Announce(operator string, compose Compose) {
	n.courier.mu.Lock()
	defer n.courier.mu.Unlock()
	n.courier.compose[operator] = compose
}

// job is callbacks to send, one after another.
type job struct {
	transactions []Transaction
	kind         string // what the counters call them; "" is sent
	delay        time.Duration
	drop         bool
}

// tell queues the callback of a settled order, bent by a fault. Operators send
// each callback once and never again.
func (n *Network) tell(t Transaction) {
	j := job{transactions: []Transaction{t}}
	if f := n.dueFault(Call{Operator: t.Operator, Operation: opCallback, Reference: t.Reference}); f != nil {
		switch f.Kind {
		case FaultCallbackLate:
			j.kind, j.delay = "late", f.delay()
		case FaultCallbackLost:
			j.kind, j.drop = "lost", true
		case FaultCallbackTwice:
			j.kind, j.transactions = "repeated", append(j.transactions, t)
		case FaultCallbackStale:
			j.kind, j.transactions = "stale", append(j.transactions, pending(t))
		}
	}
	n.tally.telling = append(n.tally.telling, j)
}

// pending is a transaction as it was before its end.
func pending(t Transaction) Transaction {
	t.Outcome, t.Code, t.SettledAt = schemas.PaymentPending, "", time.Time{}
	return t
}

// forge queues a callback about an order that nobody has paid: it claims that
// the order succeeded.
func (n *Network) forge(t Transaction) {
	if n.dueFault(Call{Operator: t.Operator, Operation: opForgery, Reference: t.Reference}) == nil {
		return
	}
	t.Outcome, t.SettledAt, t.ID = schemas.PaymentSuccess, t.BeganAt, "FORGED"
	n.tally.telling = append(n.tally.telling, job{transactions: []Transaction{t}, kind: "forged"})
}

// announcements takes what is to be told; the caller holds the lock.
func (n *Network) announcements() []job {
	jobs := n.tally.telling
	n.tally.telling = nil
	return jobs
}

const (
	maxWorkers = 32
	maxWaiting = 20_000
)

// courier sends callbacks: a few at a time, each once.
type courier struct {
	ctx    context.Context
	log    *slog.Logger
	client *http.Client
	at     sync.WaitGroup

	mu      sync.Mutex
	compose map[string]Compose
	queue   []job
	workers int
	late    int
	tally   map[string]int64
}

func newCourier(ctx context.Context, log *slog.Logger, client *http.Client) *courier {
	if client == nil {
		client = &http.Client{
			Timeout:       10 * time.Second,
			Transport:     &http.Transport{MaxIdleConnsPerHost: maxWorkers, IdleConnTimeout: 30 * time.Second},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &courier{ctx: ctx, log: log, client: client, compose: map[string]Compose{}, tally: map[string]int64{}}
}

// take queues jobs. What is too much is dropped and counted.
func (c *courier) take(jobs []job) {
	if len(jobs) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, j := range jobs {
		c.enqueue(j)
	}
}

// enqueue takes one job; the caller holds the lock.
func (c *courier) enqueue(j job) {
	switch {
	case c.ctx.Err() != nil:
	case j.drop:
		c.tally[j.kind]++
	case len(c.queue)+c.late >= maxWaiting:
		c.tally["dropped"]++
	case j.delay > 0:
		c.late++
		c.at.Go(func() { c.later(j) })
	default:
		c.queue = append(c.queue, j)
		if c.workers < maxWorkers {
			c.workers++
			c.at.Go(c.work)
		}
	}
}

func (c *courier) later(j job) {
	timer := time.NewTimer(j.delay)
	defer timer.Stop()
	select {
	case <-c.ctx.Done():
	case <-timer.C:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.late--
	j.delay = 0
	c.enqueue(j)
}

// work sends until nothing is left.
func (c *courier) work() {
	for {
		c.mu.Lock()
		if len(c.queue) == 0 || c.ctx.Err() != nil {
			c.workers--
			c.mu.Unlock()
			return
		}
		j := c.queue[0]
		c.queue[0] = job{}
		c.queue = c.queue[1:]
		compose := c.compose[j.transactions[0].Operator]
		c.mu.Unlock()
		if compose != nil {
			c.send(j, compose)
		}
	}
}

func (c *courier) send(j job, compose Compose) {
	for _, t := range j.transactions {
		callback, wanted := compose(t)
		if !wanted {
			return
		}
		kind := "failed"
		if c.post(callback) {
			kind = "sent"
		}
		c.count(kind)
	}
	if j.kind != "" {
		c.count(j.kind)
	}
}

func (c *courier) count(kind string) {
	c.mu.Lock()
	c.tally[kind]++
	c.mu.Unlock()
}

func (c *courier) post(b Callback) bool {
	r, err := http.NewRequestWithContext(c.ctx, b.Method, b.URL, bytes.NewReader(b.Body))
	if err != nil {
		return false
	}
	if b.Header != nil {
		r.Header = b.Header
	}
	res, err := c.client.Do(r)
	if err != nil {
		c.log.Debug("callback not taken", "error", err)
		return false
	}
	defer func() { _ = res.Body.Close() }()                      // read only
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection is used again
	return res.StatusCode/100 == 2
}

// wait returns once nothing is sent any more.
func (c *courier) wait() {
	c.at.Wait()
	c.client.CloseIdleConnections()
}

func (c *courier) counts() map[string]int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.tally)
}
