package bus

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// subscription reads one stream under a consumer name of its own. One goroutine
// reads, one acks, and one per message waits for its ack.
type subscription struct {
	bus      *Bus
	cfg      SubscriberConfig
	stream   string
	consumer string
	log      *slog.Logger
	out      chan *message.Message

	asked    <-chan struct{} // the subscriber closes
	ended    <-chan struct{} // Subscribe's context ends
	stopping chan struct{}   // closed when reading shall end
	// base is every message's context; giveUp ends the wait for their acks.
	base   context.Context
	giveUp context.CancelFunc

	slots     *slots
	acks      *acks
	following tally

	// The rest belongs to the reading goroutine.
	made     bool // stream, group and wake stream were made
	dirty    bool // an answer may have been lost: read our own pending entries
	failures int  // reads that failed in a row
	sweep    *time.Ticker
	swept    bool
	// waiting is set while a read may block.
	waiting atomic.Bool
}

func newSubscription(ctx context.Context, s *Subscriber, stream string) *subscription {
	base, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	consumer := s.cfg.Node + "/" + randomID()[:12]
	s.bus.live.Store(consumer, true)
	return &subscription{
		bus: s.bus, cfg: s.cfg, stream: stream, consumer: consumer,
		log: s.bus.cfg.Log.With("stream", stream, "consumer", consumer),
		out: make(chan *message.Message), asked: s.stop, ended: ctx.Done(), stopping: make(chan struct{}),
		base: base, giveUp: giveUp,
		slots: newSlots(s.cfg.MaxUnacked), acks: newAcks(),
	}
}

// run reads until it is told to stop, then drains. It ends for no other reason.
func (s *subscription) run() {
	defer close(s.out)
	defer s.giveUp()
	s.sweep = time.NewTicker(s.cfg.SweepEvery)
	defer s.sweep.Stop()
	var helpers sync.WaitGroup
	helpers.Go(s.watch)
	helpers.Go(s.ackLoop)
	for !s.isStopping() {
		if err := s.step(); err != nil {
			s.rest(err)
		} else {
			s.recovered()
		}
	}
	s.drain(&helpers)
}

// watch ends the reading, and the read that blocks just now.
func (s *subscription) watch() {
	select {
	case <-s.asked:
	case <-s.ended:
	}
	close(s.stopping)
	if s.waiting.Load() {
		ctx, cancel := context.WithTimeout(s.base, s.bus.cfg.Timeout)
		defer cancel()
		s.bus.wake(ctx, s.stream, s.consumer)
	}
}

func (s *subscription) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// drain waits for acks, sends them, and leaves what is unacked to others.
func (s *subscription) drain(helpers *sync.WaitGroup) {
	limit, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
	defer cancel()
	if !s.following.wait(limit) {
		s.log.Warn("handed-out messages are not acked, leaving them to other readers", "after", s.cfg.DrainTimeout)
	}
	s.giveUp()
	s.following.wait(context.Background())
	s.acks.end()
	helpers.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), s.bus.cfg.Timeout)
	defer cancel()
	if err := s.bus.release(ctx, s.stream, s.cfg.Group, s.consumer); err != nil {
		s.log.Warn("could not leave the stream in order, others take over what is pending", "error", err)
	}
	s.bus.live.Delete(s.consumer)
}
