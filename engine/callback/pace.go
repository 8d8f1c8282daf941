package callback

import (
	"sync"
	"time"
)

const (
	// A host whose answers take quickAnswer at most may have nearly all places of
	// a node, one whose answers take slowAnswer few: it cannot take those of all
	// others.
	quickAnswer = 100 * time.Millisecond
	slowAnswer  = time.Second
	// leastWait is the least time for which a delivery is put off.
	leastWait = 20 * time.Millisecond
	mostWait  = 30 * time.Second
	maxPaces  = 10_000
)

// pace bounds what goes to one host or endpoint: attempts at once, and attempts
// per second. Who finds no place is told when to come back; those times are
// spread, so that a long queue does not come back at once. It is of one node,
// and safe for concurrent use.
type pace struct {
	places int // of the node, for all hosts

	mu    sync.Mutex
	lanes map[string]*paceLane
}

type paceLane struct {
	inFlight int
	took     time.Duration // of recent attempts, a moving average
	next     time.Time     // the next attempt of a limited rate
	back     time.Time     // when the last of those put off comes back
}

func newPace(places int) *pace { return &pace{places: places, lanes: map[string]*paceLane{}} }

// bound limits one lane.
type bound struct {
	key string
	// inFlight bounds the attempts at once; 0 bounds nothing.
	inFlight int
	// rate bounds the attempts per second; 0 bounds nothing.
	rate int
	// adaptive bounds by how quick the lane answers, instead of by inFlight.
	adaptive bool
}

// enter takes a place in all lanes, or in none and says how long to wait.
func (p *pace) enter(now time.Time, bounds ...bound) (wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range bounds {
		l := p.lane(b.key)
		if b.adaptive {
			b.inFlight = p.fair(l.took)
		}
		if w := l.wait(now, b); w > 0 {
			return w
		}
	}
	for _, b := range bounds {
		l := p.lane(b.key)
		l.inFlight++
		if b.rate > 0 {
			l.next = later(l.next, now).Add(time.Second / time.Duration(b.rate))
		}
	}
	return 0
}

// fair is how many places a host may have that answers as quick as that; 0 is
// not known yet.
func (p *pace) fair(took time.Duration) int {
	switch {
	case took >= slowAnswer:
		return max(1, p.places/32)
	case took > 0 && took <= quickAnswer:
		return max(1, p.places-p.places/8)
	}
	return max(1, p.places/4)
}

// leave gives the places back.
func (p *pace) leave(took time.Duration, bounds ...bound) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range bounds {
		l := p.lane(b.key)
		l.inFlight--
		if l.took == 0 {
			l.took = took
		}
		l.took += (took - l.took) / 8
	}
}

// lane finds a lane; when there are too many, idle ones go.
func (p *pace) lane(key string) *paceLane {
	l, ok := p.lanes[key]
	if ok {
		return l
	}
	if len(p.lanes) >= maxPaces {
		for k, old := range p.lanes {
			if old.inFlight == 0 {
				delete(p.lanes, k)
			}
		}
	}
	l = &paceLane{}
	p.lanes[key] = l
	return l
}

// wait is 0 when there is a place.
func (l *paceLane) wait(now time.Time, b bound) time.Duration {
	limit := b.inFlight
	free := limit <= 0 || l.inFlight < limit
	due := b.rate <= 0 || !l.next.After(now)
	if free && due {
		return 0
	}
	step := leastWait
	if !free {
		step = max(step/time.Duration(limit), l.took/time.Duration(limit))
	}
	if !due {
		step = max(step, time.Second/time.Duration(b.rate))
	}
	l.back = later(later(l.back, l.next), now).Add(step)
	return min(max(l.back.Sub(now), leastWait), mostWait)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
