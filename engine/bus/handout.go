package bus

import (
	"context"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/redis/go-redis/v9"
)

// handOut gives entries to the handlers and returns the slots that they do not
// use. It passes readErr on when there is one.
func (s *subscription) handOut(entries []redis.XMessage, slots int, readErr error) error {
	var bad []aside
	var badIDs []string
	used := 0
	for _, e := range entries {
		if e.Values == nil { // pending, but deleted by somebody
			s.acks.done(e.ID)
			continue
		}
		m := decode(e.Values)
		if reason, is := m.Metadata[metaMalformed]; is {
			bad, badIDs = append(bad, aside{id: e.ID, reason: reason, fields: flat(e.Values)}), append(badIDs, e.ID)
			continue
		}
		if !s.give(e.ID, m) {
			return nil // stopping: the rest stays pending and is released
		}
		used++
	}
	s.slots.put(slots - used)
	if readErr != nil || len(bad) == 0 {
		return readErr
	}
	// Acked only once they are kept; after an error they are pending, unknown to
	// us, and come again with catchUp.
	if err := s.bus.keepAside(s.base, s.stream, bad); err != nil {
		return err
	}
	s.acks.done(badIDs...)
	return nil
}

func flat(values map[string]any) []any {
	fields := make([]any, 0, 2*len(values))
	for k, v := range values {
		fields = append(fields, k, v)
	}
	return fields
}

// give hands one message out and follows it. It returns false when the
// subscription stops first.
func (s *subscription) give(id string, m *message.Message) bool {
	ctx, cancel := context.WithCancel(s.base)
	m.SetContext(ctx)
	s.acks.hold(id)
	select {
	case s.out <- m:
	case <-s.stopping:
		cancel()
		return false
	}
	s.following.add()
	go s.follow(id, m, cancel)
	return true
}

// follow waits for the message's ack, and hands it out again after a nack.
func (s *subscription) follow(id string, m *message.Message, cancel context.CancelFunc) {
	defer s.following.done()
	for {
		select {
		case <-m.Acked():
			cancel()
			s.slots.put(1)
			s.acks.done(id)
			return
		case <-m.Nacked():
			cancel()
		case <-s.base.Done():
			cancel()
			return
		}
		if m, cancel = s.again(m); m == nil {
			return
		}
	}
}

// again hands a nacked message out after its rest, or returns nil when the
// subscription stops: then it is released with all that is pending.
func (s *subscription) again(m *message.Message) (*message.Message, context.CancelFunc) {
	timer := time.NewTimer(s.cfg.NackDelay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.stopping:
		return nil, nil
	}
	next := m.Copy()
	ctx, cancel := context.WithCancel(s.base)
	next.SetContext(ctx)
	select {
	case s.out <- next:
		return next, cancel
	case <-s.stopping:
		cancel()
		return nil, nil
	}
}
