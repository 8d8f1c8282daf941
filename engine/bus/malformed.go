package bus

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// maxMalformed bounds what is kept aside of one stream; the oldest go first.
const maxMalformed = 1000

// aside is an entry that did not decode.
type aside struct {
	id, reason string // the entry's id or the message's UUID, and what is wrong
	fields     []any
}

// keepAside appends entries to the stream's malformed stream, for a person to
// look at: each with its own fields and why it is there.
func (b *Bus) keepAside(ctx context.Context, stream string, entries []aside) error {
	_, err := b.cmd.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, e := range entries {
			p.XAdd(ctx, &redis.XAddArgs{
				Stream: b.malformedKey(stream), MaxLen: maxMalformed, Approx: true,
				Values: append([]any{"afara_entry", e.id, "afara_reason", e.reason}, e.fields...),
			})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep %d malformed entries of stream %s aside: %w", len(entries), stream, err)
	}
	b.cfg.Log.Warn("malformed entries kept aside", "stream", stream, "count", len(entries), "reason", entries[0].reason, "key", b.malformedKey(stream))
	return nil
}
