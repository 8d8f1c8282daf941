package bus

import (
	"context"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// sweepWhenDue takes what others left and trims, at the start and then each
// SweepEvery.
func (s *subscription) sweepWhenDue() error {
	select {
	case <-s.sweep.C:
		s.swept = false
	default:
	}
	if s.swept {
		return nil
	}
	all, err := s.takeOver()
	if err != nil {
		return err
	}
	s.swept = all
	if err := s.bus.cmd.PExpire(s.base, s.bus.wakeKey(s.stream, s.consumer), wakeTTL).Err(); err != nil {
		return err
	}
	return s.bus.trim(s.base, s.stream)
}

// takeOver takes the entries that nobody works on any more. It returns false
// when it ran out of slots.
func (s *subscription) takeOver() (bool, error) {
	consumers, err := s.bus.cmd.XInfoConsumers(s.base, s.bus.StreamKey(s.stream), s.cfg.Group).Result()
	if err != nil {
		return false, err
	}
	for _, from := range s.abandoned(consumers) {
		if all, err := s.takeFrom(from); !all || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (s *subscription) takeFrom(consumer string) (bool, error) {
	for {
		n := s.slots.tryTake(s.cfg.Batch)
		if n == 0 {
			return false, nil
		}
		entries, err := s.bus.move(s.base, s.stream, s.cfg.Group, consumer, s.consumer, n)
		if err := s.handOut(entries, n, err); err != nil {
			return false, err
		}
		if len(entries) == 0 || s.isStopping() {
			return true, nil
		}
	}
}

// abandoned picks the consumers whose entries may be taken: what was released,
// what readers of this very process left without being able to release it, and
// those of nodes that lapsed. Names that are not of our form are not touched.
func (s *subscription) abandoned(consumers []redis.XInfoConsumer) []string {
	var names, foreign, nodes []string
	for _, c := range consumers {
		node, ours := nodeOf(c.Name)
		_, live := s.bus.live.Load(c.Name)
		switch {
		case c.Name == released, ours && node == s.cfg.Node && !live:
			names = append(names, c.Name)
		case ours && node != s.cfg.Node:
			foreign, nodes = append(foreign, c.Name), append(nodes, node)
		}
	}
	lapsed := s.lapsed(nodes)
	for i, name := range foreign {
		if slices.Contains(lapsed, nodes[i]) {
			names = append(names, name)
		}
	}
	return names
}

// nodeOf is the node in a consumer name of our form.
func nodeOf(consumer string) (node string, ours bool) {
	slash := strings.LastIndexByte(consumer, '/')
	if slash < 0 {
		return "", false
	}
	return consumer[:slash], true
}

func (s *subscription) lapsed(nodes []string) []string {
	if s.cfg.Lapsed == nil || len(nodes) == 0 {
		return nil
	}
	unique := slices.Compact(slices.Sorted(slices.Values(nodes)))
	ctx, cancel := context.WithTimeout(s.base, s.bus.cfg.Timeout)
	defer cancel()
	lapsed, err := s.cfg.Lapsed(ctx, unique)
	if err != nil {
		s.log.Warn("cannot tell which nodes lapsed, taking nothing over", "error", err)
		return nil
	}
	return lapsed
}
