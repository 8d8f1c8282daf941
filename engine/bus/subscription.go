package bus

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
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

// step is one round: make what is missing, catch up, read, hand out.
func (s *subscription) step() error {
	if !s.made {
		if err := s.bus.makeReader(s.base, s.stream, s.cfg.Group, s.consumer); err != nil {
			return err
		}
		s.made = true
	}
	if s.dirty {
		if err := s.catchUp(); err != nil {
			return err
		}
		s.dirty = false
	}
	if err := s.sweepWhenDue(); err != nil {
		return err
	}
	n := s.slots.take(s.cfg.Batch, s.stopping)
	if n == 0 {
		return nil
	}
	entries, err := s.read(n)
	return s.handOut(entries, n, err)
}

// read waits for at most n new entries.
func (s *subscription) read(n int) ([]redis.XMessage, error) {
	s.waiting.Store(true)
	defer s.waiting.Store(false)
	if s.isStopping() { // watch did not see that we wait
		return nil, nil
	}
	// A server that hangs must not hold a stop for go-redis' own ten seconds.
	ctx, cancel := context.WithTimeout(s.base, s.cfg.Block+s.bus.cfg.Timeout)
	defer cancel()
	streams, err := s.bus.reader.XReadGroup(ctx, &redis.XReadGroupArgs{
		Group: s.cfg.Group, Consumer: s.consumer, Count: int64(n), Block: s.cfg.Block,
		Streams: []string{s.bus.StreamKey(s.stream), s.bus.wakeKey(s.stream, s.consumer), ">", ">"},
	}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return s.entries(streams), err
}

func (s *subscription) entries(streams []redis.XStream) []redis.XMessage {
	for _, st := range streams {
		if st.Stream == s.bus.StreamKey(s.stream) {
			return st.Messages
		}
	}
	return nil
}

// catchUp hands out entries that are pending under our name though we do not
// hold them: the answer that carried them was lost.
func (s *subscription) catchUp() error {
	for from := "0"; ; {
		n := s.slots.take(s.cfg.Batch, s.stopping)
		if n == 0 {
			return nil
		}
		streams, err := s.bus.cmd.XReadGroup(s.base, &redis.XReadGroupArgs{
			Group: s.cfg.Group, Consumer: s.consumer, Count: int64(n), Block: -1,
			Streams: []string{s.bus.StreamKey(s.stream), from},
		}).Result()
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		page := s.entries(streams)
		if err := s.handOut(s.acks.unknown(page), n, err); err != nil || len(page) == 0 {
			return err
		}
		from = page[len(page)-1].ID
	}
}

// rest waits before the next try: 100 ms, doubling to 2 s. A group that is gone
// is made again at once.
func (s *subscription) rest(err error) {
	s.failures++
	s.dirty = true
	lost := isLost(err)
	if lost {
		s.made = false
	}
	if s.failures%30 == 1 { // at once, then about each minute
		s.log.Warn("reading the stream is interrupted, trying again until it works", "tries", s.failures, "error", err)
	}
	if s.failures == 1 && lost {
		return
	}
	timer := time.NewTimer(backoff(s.failures))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.stopping:
	}
}

func (s *subscription) recovered() {
	if s.failures > 0 {
		s.log.Info("reading the stream works again", "tries", s.failures)
		s.failures = 0
	}
}

// isLost tells that the stream, its group or the wake stream is gone.
func isLost(err error) bool {
	var answer redis.Error
	if !errors.As(err, &answer) {
		return false
	}
	for _, word := range []string{"NOGROUP ", "UNBLOCKED ", "ERR no such key"} {
		if strings.Contains(answer.Error(), word) {
			return true
		}
	}
	return false
}

func backoff(failures int) time.Duration {
	return min(100*time.Millisecond<<min(failures-1, 5), 2*time.Second)
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
