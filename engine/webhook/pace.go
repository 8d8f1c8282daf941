package webhook

import (
	"sync"
	"time"
)

// Rates bound the requests that nobody has proved to be a vendor's: what was
// verified gives back what it took, so that a vendor is held up by nothing but
// the number of its requests at once. Where a proxy stands before the engine all
// come from one address.
type Rates struct {
	Address    Rate // of one address, whatever it asks for; default 100/s, 400 at once in a row, 64 in flight
	Connection Rate // of one connection; default 100/s, 400 in a row, 64 in flight
	Neighbour  Rate // of one address to one connection; default 50/s, 200 in a row, 32 in flight
}

// Rate is what one lane takes.
type Rate struct {
	PerSecond float64
	Burst     float64
	InFlight  int
}

func (r Rates) withDefaults() Rates {
	r.Address = r.Address.or(Rate{100, 400, 64})
	r.Connection = r.Connection.or(Rate{100, 400, 64})
	r.Neighbour = r.Neighbour.or(Rate{50, 200, 32})
	return r
}

func (r Rate) or(fallback Rate) Rate {
	if r == (Rate{}) {
		return fallback
	}
	return r
}

// maxLanes bounds what is remembered of strangers.
const maxLanes = 10_000

// pace keeps the lanes of a node. It is safe for concurrent use.
type pace struct {
	mu    sync.Mutex
	lanes map[string]*lane
	rest  lane // of those that there is no place for
}

// lane is a bucket of tokens and what is under way.
type lane struct {
	inFlight int
	spent    float64 // tokens of the burst that are not there again yet
	at       time.Time
}

func newPace() *pace { return &pace{lanes: map[string]*lane{}} }

// entry is a place in a lane, to be left.
type entry struct {
	*lane
	rate Rate
}

// enter takes a token and a place, or says how long to wait.
func (p *pace) enter(now time.Time, key string, r Rate) (e entry, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lane(now, key, r)
	l.refill(now, r)
	switch {
	case l.inFlight >= r.InFlight:
		return entry{}, time.Second
	case l.spent+1 > r.Burst:
		short := l.spent + 1 - r.Burst
		return entry{}, max(time.Second, time.Duration(short/r.PerSecond*float64(time.Second)))
	}
	l.inFlight++
	l.spent++
	return entry{l, r}, 0
}

// leave gives the places back; the tokens too when the request was the vendor's.
func (p *pace) leave(proved bool, entries ...entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range entries {
		e.inFlight--
		if proved {
			e.spent = max(0, e.spent-1)
		}
	}
}

func (l *lane) refill(now time.Time, r Rate) {
	if passed := now.Sub(l.at); passed > 0 {
		l.spent = max(0, l.spent-passed.Seconds()*r.PerSecond)
	}
	l.at = now
}

// lane finds or makes one. When there are too many, those that nobody would miss
// are forgotten, and what comes then shares one.
func (p *pace) lane(now time.Time, key string, r Rate) *lane {
	if l, ok := p.lanes[key]; ok {
		return l
	}
	if len(p.lanes) >= maxLanes {
		for k, l := range p.lanes {
			if l.inFlight == 0 && now.Sub(l.at).Seconds()*r.PerSecond >= l.spent {
				delete(p.lanes, k)
			}
		}
	}
	if len(p.lanes) >= maxLanes {
		return &p.rest
	}
	l := &lane{at: now}
	p.lanes[key] = l
	return l
}
