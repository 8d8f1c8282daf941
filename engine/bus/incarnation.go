package bus

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// makeScript makes a stream's group, and with it the stream and a new
// incarnation, in one step, and returns the incarnation. What is there stays as
// it is. The group starts at the stream's first entry: what was published
// before it was made is read.
//
// KEYS: stream, incarnation. ARGV: group, random id.
const makeScript = `
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if type(made) == 'table' and made.err then
  if not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
  local id = redis.call('GET', KEYS[2])
  if id then return id end
end
redis.call('SET', KEYS[2], ARGV[2])
return ARGV[2]`

// Incarnations returns the incarnation of each stream: a random id that lives
// and dies with the stream's group. An id that differs from the one under which
// an entry was published says that the entry is gone. It costs one round trip,
// and a second one when a stream, its group or its incarnation must be made.
func (b *Bus) Incarnations(ctx context.Context, streams []string) (map[string]string, error) {
	for _, s := range streams {
		if err := checkStream(s); err != nil {
			return nil, err
		}
	}
	ids, err := b.knownIncarnations(ctx, streams)
	if err != nil {
		return nil, fmt.Errorf("read incarnations: %w", err)
	}
	if err := b.makeMissing(ctx, streams, ids); err != nil {
		return nil, fmt.Errorf("make incarnations: %w", err)
	}
	return ids, nil
}

func (b *Bus) knownIncarnations(ctx context.Context, streams []string) (map[string]string, error) {
	ids := make(map[string]string, len(streams))
	if len(streams) == 0 {
		return ids, nil
	}
	answers := make([]*redis.StringCmd, len(streams))
	_, err := b.cmd.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, s := range streams {
			answers[i] = p.Get(ctx, b.incarnationKey(s))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	for i, a := range answers {
		switch id, err := a.Result(); {
		case errors.Is(err, redis.Nil):
		case err != nil:
			return nil, err
		default:
			ids[streams[i]] = id
		}
	}
	return ids, nil
}

// makeMissing sends the script itself and not its digest: a NOSCRIPT inside a
// pipeline would need a second try, and this is rare.
func (b *Bus) makeMissing(ctx context.Context, streams []string, ids map[string]string) error {
	made := map[string]*redis.Cmd{}
	_, err := b.cmd.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, s := range streams {
			if _, known := ids[s]; !known && made[s] == nil {
				made[s] = p.Eval(ctx, makeScript, []string{b.StreamKey(s), b.incarnationKey(s)}, b.cfg.Group, randomID())
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for s, cmd := range made {
		if ids[s], err = cmd.Text(); err != nil {
			return err
		}
	}
	return nil
}

// makeGroup is makeScript for one stream and any group.
func (b *Bus) makeGroup(ctx context.Context, stream, group string) error {
	err := b.cmd.Eval(ctx, makeScript, []string{b.StreamKey(stream), b.incarnationKey(stream)}, group, randomID()).Err()
	if err != nil {
		return fmt.Errorf("make group %s of stream %s: %w", group, stream, err)
	}
	return nil
}

// randomID is 128 bits in hex.
func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
