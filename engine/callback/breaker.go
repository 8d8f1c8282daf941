package callback

import (
	"sync"
	"time"
)

const (
	// breakAfter failures of a host in a row close its gate.
	breakAfter = 16
	// firstPause doubles with each time that the host fails when it is tried
	// again, up to lastPause.
	firstPause = 15 * time.Second
	lastPause  = 5 * time.Minute
)

// breaker counts the failures of hosts on one node. Nothing is sent to a host
// whose gate is closed, and no attempt is spent on it. Safe for concurrent use.
type breaker struct {
	mu    sync.Mutex
	hosts map[string]*hostState
}

type hostState struct {
	failures int
	pause    time.Duration
	until    time.Time
}

func newBreaker() *breaker { return &breaker{hosts: map[string]*hostState{}} }

// hostVerdict is what an attempt means for the gate of its host.
type hostVerdict int

const (
	hostAsBefore hostVerdict = iota
	hostClosed
	hostOpened
)

// note counts an attempt that reached the host or failed to, and answers what
// becomes of its gate, and until when it is closed.
func (b *breaker) note(host string, failed bool, now time.Time) (hostVerdict, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h, ok := b.hosts[host]
	if !failed {
		delete(b.hosts, host)
		if ok && h.pause > 0 {
			return hostOpened, time.Time{}
		}
		return hostAsBefore, time.Time{}
	}
	if !ok {
		h = &hostState{}
		b.hosts[host] = h
	}
	h.failures++
	if h.failures < breakAfter || now.Before(h.until) {
		return hostAsBefore, time.Time{}
	}
	h.pause = min(max(2*h.pause, firstPause), lastPause)
	h.until = now.Add(h.pause)
	// One more failure after the pause closes it again.
	h.failures = breakAfter - 1
	return hostClosed, h.until
}
