package bus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// released is the consumer that holds what readers left when they stopped.
const released = "released"

// moveScript gives pending entries of one consumer to another, and removes the
// first one once it has none. Looking and claiming are one step, so that two
// takers never get the same entry, and an entry that was acked or claimed since
// is left alone.
//
// KEYS: stream. ARGV: group, from, to, most. Returns the entries.
const moveScript = `
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[4], ARGV[2])
if #pending == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
  return {}
end
local ids = {}
for i, p in ipairs(pending) do ids[i] = p[1] end
return redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], '0', unpack(ids))`

// move runs moveScript once.
func (b *Bus) move(ctx context.Context, stream, group, from, to string, most int) ([]redis.XMessage, error) {
	answer, err := b.cmd.Eval(ctx, moveScript, []string{b.StreamKey(stream)}, group, from, to, most).Slice()
	if err != nil {
		return nil, fmt.Errorf("move entries of %s: %w", from, err)
	}
	entries := make([]redis.XMessage, 0, len(answer))
	for _, a := range answer {
		if e, ok := scriptEntry(a); ok {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// scriptEntry reads an entry as a script returns it: id, then fields and values
// in a row.
func scriptEntry(a any) (redis.XMessage, bool) {
	pair, ok := a.([]any)
	if !ok || len(pair) != 2 {
		return redis.XMessage{}, false
	}
	id, ok := pair[0].(string)
	if !ok {
		return redis.XMessage{}, false
	}
	e := redis.XMessage{ID: id, Values: map[string]any{}}
	fields, _ := pair[1].([]any)
	for i := 0; i+1 < len(fields); i += 2 {
		if name, ok := fields[i].(string); ok {
			e.Values[name] = fields[i+1]
		}
	}
	return e, true
}

// release leaves all that is pending under consumer to others, and removes it.
func (b *Bus) release(ctx context.Context, stream, group, consumer string) error {
	for {
		moved, err := b.move(ctx, stream, group, consumer, released, ackBatch)
		if err != nil && !isLost(err) {
			return err
		}
		if len(moved) == 0 {
			return b.cmd.Del(ctx, b.wakeKey(stream, consumer)).Err()
		}
	}
}

// wakeTTL is how long the wake stream of a reader that died stays.
const wakeTTL = 10 * time.Minute

// makeReader makes what a reader needs: group, incarnation and its wake stream.
func (b *Bus) makeReader(ctx context.Context, stream, group, consumer string) error {
	if err := b.makeGroup(ctx, stream, group); err != nil {
		return err
	}
	wake := b.wakeKey(stream, consumer)
	err := b.cmd.XGroupCreateMkStream(ctx, wake, group, "$").Err()
	if err != nil && !strings.HasPrefix(err.Error(), "BUSYGROUP") {
		return fmt.Errorf("make wake stream of %s: %w", consumer, err)
	}
	return b.cmd.PExpire(ctx, wake, wakeTTL).Err()
}

// wake ends the reader's blocking read: closing its connection instead could
// lose the entries that are just on their way to it. An error does no harm: the
// read ends by itself.
func (b *Bus) wake(ctx context.Context, stream, consumer string) {
	_ = b.cmd.XAdd(ctx, &redis.XAddArgs{Stream: b.wakeKey(stream, consumer), NoMkStream: true, Values: []any{"w", ""}}).Err()
}

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
