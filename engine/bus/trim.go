package bus

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// trim removes what every group has read and acked: the entries strictly below
// the lowest id that is unread or pending anywhere.
//
// It needs no lock. Groups are read first, pending entries second: an entry
// that is unread or pending when the trim runs was so before, because a group
// only moves forward and an entry leaves the pending list only for good. A group
// that nobody reads holds the trim for ever: remove it with XGROUP DESTROY.
func (b *Bus) trim(ctx context.Context, stream string) error {
	key := b.StreamKey(stream)
	length, err := b.cmd.XLen(ctx, key).Result()
	if err != nil || length == 0 {
		return err
	}
	groups, err := b.cmd.XInfoGroups(ctx, key).Result()
	if err != nil || len(groups) == 0 {
		return err
	}
	keep, err := b.lowestNeeded(ctx, key, groups)
	if err != nil || keep == "" {
		return err
	}
	return b.cmd.XTrimMinID(ctx, key, keep).Err()
}

// lowestNeeded is the lowest id that some group needs, or a little below it.
func (b *Bus) lowestNeeded(ctx context.Context, key string, groups []redis.XInfoGroup) (string, error) {
	pending := make([]*redis.XPendingCmd, len(groups))
	_, err := b.cmd.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, g := range groups {
			pending[i] = p.XPending(ctx, key, g.Name)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	lowest := ""
	for i, g := range groups {
		// What follows LastDeliveredID is unread.
		needed := []string{g.LastDeliveredID}
		if p := pending[i].Val(); p.Count > 0 {
			needed = append(needed, p.Lower)
		}
		for _, id := range needed {
			if lowest == "" || lessID(id, lowest) {
				lowest = id
			}
		}
	}
	if !isID(lowest) {
		return "", fmt.Errorf("trim %s: %q is no entry id", key, lowest)
	}
	return lowest, nil
}

// lessID orders entry ids: milliseconds, then sequence. An id that cannot be
// read is the lowest: it stops the trim.
func lessID(a, b string) bool {
	aMs, aSeq, okA := splitID(a)
	bMs, bSeq, okB := splitID(b)
	if !okA || !okB {
		return !okA
	}
	return aMs < bMs || aMs == bMs && aSeq < bSeq
}

func isID(s string) bool {
	_, _, ok := splitID(s)
	return ok
}

func splitID(s string) (ms, seq uint64, ok bool) {
	left, right, both := strings.Cut(s, "-")
	if !both { // the embedded server's first id
		right = "0"
	}
	ms, errMs := strconv.ParseUint(left, 10, 64)
	seq, errSeq := strconv.ParseUint(right, 10, 64)
	return ms, seq, errMs == nil && errSeq == nil
}
