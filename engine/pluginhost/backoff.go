package pluginhost

import (
	"math/rand/v2"
	"time"
)

// backoff decides how long a crashed connector stays down. One lives in one
// supervisor; it is not for use by several goroutines.
type backoff struct {
	min, max time.Duration
	quiet    time.Duration // running so long forgets the crashes
	loopAt   int
	crashes  int
}

// crashed counts a process that ran for ran and answers how long to wait
// before the next one, and whether this is a crash loop.
func (b *backoff) crashed(ran time.Duration) (wait time.Duration, loop bool) {
	if ran >= b.quiet {
		b.crashes = 0
	}
	b.crashes++
	if b.crashes >= b.loopAt {
		return jitter(b.max), true
	}
	wait = b.min << min(b.crashes-1, 20)
	if wait > b.max || wait <= 0 {
		wait = b.max
	}
	return jitter(wait), false
}

// jitter takes off up to a quarter, so that many connectors that fell together
// do not rise together.
func jitter(d time.Duration) time.Duration {
	return d - time.Duration(rand.Int64N(int64(d)/4+1))
}
