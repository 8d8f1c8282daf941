package bus

import (
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"
)

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
		// Before the read: what is acked while it runs is no longer held after it.
		held := s.acks.inHand()
		streams, err := s.bus.cmd.XReadGroup(s.base, &redis.XReadGroupArgs{
			Group: s.cfg.Group, Consumer: s.consumer, Count: int64(n), Block: -1,
			Streams: []string{s.bus.StreamKey(s.stream), from},
		}).Result()
		if errors.Is(err, redis.Nil) {
			err = nil
		}
		page := s.entries(streams)
		if err := s.handOut(unknown(page, held), n, err); err != nil || len(page) == 0 {
			return err
		}
		from = page[len(page)-1].ID
	}
}

func unknown(page []redis.XMessage, held map[string]struct{}) []redis.XMessage {
	return slices.DeleteFunc(slices.Clone(page), func(e redis.XMessage) bool {
		_, known := held[e.ID]
		return known
	})
}
