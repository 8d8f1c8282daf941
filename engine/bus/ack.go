package bus

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// ackBatch is how many acks are sent at once at most.
const ackBatch = 512

// acks knows the entries in our hands: handed out, or acked and not yet told to
// Redis.
type acks struct {
	mu      sync.Mutex
	held    map[string]struct{}
	ready   []string
	started chan struct{} // one token: ready is no longer empty
	full    chan struct{} // one token: ready holds a batch
	ended   chan struct{} // closed when no ack can follow
}

func newAcks() *acks {
	return &acks{
		held:    map[string]struct{}{},
		started: make(chan struct{}, 1), full: make(chan struct{}, 1), ended: make(chan struct{}),
	}
}

func (a *acks) hold(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held[id] = struct{}{}
}

// done queues acks.
func (a *acks) done(ids ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := len(a.ready)
	a.ready = append(a.ready, ids...)
	for _, id := range ids {
		a.held[id] = struct{}{}
	}
	if before == 0 {
		offer(a.started)
	}
	if before < ackBatch && len(a.ready) >= ackBatch {
		offer(a.full)
	}
}

func offer(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (a *acks) end() { close(a.ended) }

// peek returns up to a batch of queued acks and leaves them queued.
func (a *acks) peek() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.ready[:min(len(a.ready), ackBatch)])
}

// sent forgets the first acks of the queue.
func (a *acks) sent(ids []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, id := range ids {
		delete(a.held, id)
	}
	a.ready = slices.Delete(a.ready, 0, len(ids))
	if len(a.ready) > 0 {
		offer(a.started)
	}
}

// inHand returns the entries that are in our hands now.
func (a *acks) inHand() map[string]struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.held)
}

// ackLoop sends acks in batches until end, and then the last ones.
func (s *subscription) ackLoop() {
	delay := time.NewTimer(time.Hour)
	defer delay.Stop()
	for {
		select {
		case <-s.acks.started:
		case <-s.acks.ended:
			s.lastAcks()
			return
		}
		delay.Reset(s.cfg.AckDelay)
		select {
		case <-delay.C:
		case <-s.acks.full:
		case <-s.acks.ended:
		}
		s.sendAcks()
	}
}

// sendAcks sends one batch, again and again until Redis takes it. An ack that
// is sent twice does no harm.
func (s *subscription) sendAcks() {
	ids := s.acks.peek()
	for failures := 1; len(ids) > 0; failures++ {
		if err := s.bus.ack(s.cfg, s.stream, ids); err == nil {
			s.acks.sent(ids)
			return
		}
		timer := time.NewTimer(backoff(failures))
		select {
		case <-timer.C:
		case <-s.acks.ended:
			timer.Stop()
			return
		}
	}
}

func (s *subscription) lastAcks() {
	for ids := s.acks.peek(); len(ids) > 0; ids = s.acks.peek() {
		if err := s.bus.ack(s.cfg, s.stream, ids); err != nil {
			s.log.Warn("the last acks did not reach redis, their entries will come again", "count", len(ids), "error", err)
			return
		}
		s.acks.sent(ids)
	}
}

// ack tells Redis that the entries are done with, and deletes them when nobody
// else reads them.
func (b *Bus) ack(cfg SubscriberConfig, stream string, ids []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*b.cfg.Timeout)
	defer cancel()
	key := b.StreamKey(stream)
	_, err := b.cmd.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.XAck(ctx, key, cfg.Group, ids...)
		if cfg.SoleGroup {
			p.XDel(ctx, key, ids...)
		}
		return nil
	})
	return err
}
