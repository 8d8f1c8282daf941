package bus

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// StreamLook is what a publisher needs to know of a stream.
type StreamLook struct {
	// Incarnation changes when Redis lost the stream.
	Incarnation string
	// Length is the number of entries that are not acked yet, read or not, where
	// acked entries are deleted.
	Length int64
}

// Look reads incarnation and length of many streams in one round trip, making
// the streams that are missing.
func (b *Bus) Look(ctx context.Context, streams []string) (map[string]StreamLook, error) {
	out := make(map[string]StreamLook, len(streams))
	if len(streams) == 0 {
		return out, nil
	}
	ids, lengths := make([]*redis.StringCmd, len(streams)), make([]*redis.IntCmd, len(streams))
	_, _ = b.cmd.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, s := range streams {
			ids[i], lengths[i] = p.Get(ctx, b.incarnationKey(s)), p.XLen(ctx, b.StreamKey(s))
		}
		return nil
	})
	var missing []string
	for i, s := range streams {
		if err := lengths[i].Err(); err != nil {
			return nil, fmt.Errorf("look at stream %s: %w", s, err)
		}
		if ids[i].Val() == "" {
			missing = append(missing, s)
		}
		out[s] = StreamLook{Incarnation: ids[i].Val(), Length: lengths[i].Val()}
	}
	made, err := b.Incarnations(ctx, missing)
	if err != nil {
		return nil, err
	}
	for _, s := range missing {
		out[s] = StreamLook{Incarnation: made[s]}
	}
	return out, nil
}
