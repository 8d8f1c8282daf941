package bus

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

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
