package bus

import (
	"context"
	"fmt"

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
