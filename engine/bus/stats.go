package bus

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// StreamStats is what Redis says of one stream.
type StreamStats struct {
	Stream string
	// Length is the number of entries, read or not.
	Length int64
	// Pending is the number of entries handed to readers and not acked.
	Pending int64
	// Consumers is the number of readers that the group knows.
	Consumers int64
	// Malformed is the number of entries kept aside.
	Malformed int64
}

// Stats reads the figures of each stream in one round trip. A stream that was
// never made has zeros.
func (b *Bus) Stats(ctx context.Context, streams []string) ([]StreamStats, error) {
	stats := make([]StreamStats, len(streams))
	if len(streams) == 0 {
		return stats, nil
	}
	length, aside := make([]*redis.IntCmd, len(streams)), make([]*redis.IntCmd, len(streams))
	groups := make([]*redis.XInfoGroupsCmd, len(streams))
	_, _ = b.cmd.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, s := range streams {
			length[i] = p.XLen(ctx, b.StreamKey(s))
			aside[i] = p.XLen(ctx, b.malformedKey(s))
			groups[i] = p.XInfoGroups(ctx, b.StreamKey(s))
		}
		return nil
	})
	for i, s := range streams {
		stats[i] = StreamStats{Stream: s, Length: length[i].Val(), Malformed: aside[i].Val()}
		if err := length[i].Err(); err != nil {
			return nil, fmt.Errorf("stats of stream %s: %w", s, err)
		}
		// XINFO of a stream that does not exist is an error; XLEN is 0.
		for _, g := range groups[i].Val() {
			if g.Name == b.cfg.Group {
				stats[i].Pending, stats[i].Consumers = g.Pending, g.Consumers
			}
		}
	}
	return stats, nil
}

// MaxmemoryPolicy is Redis' setting of that name. Anything but "noeviction"
// may throw streams away. It is "noeviction" for the embedded server, and empty
// when the server does not tell (managed services often refuse CONFIG).
func (b *Bus) MaxmemoryPolicy(ctx context.Context) (string, error) {
	if b.Embedded() {
		return "noeviction", nil
	}
	info, err := b.cmd.Info(ctx, "memory").Result()
	if err != nil {
		return "", fmt.Errorf("read redis memory settings: %w", err)
	}
	for line := range strings.Lines(info) {
		if policy, ok := strings.CutPrefix(strings.TrimSpace(line), "maxmemory_policy:"); ok {
			return policy, nil
		}
	}
	return "", nil
}
