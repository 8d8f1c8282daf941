package callback

import (
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// Replays of many come due in portions of one environment: new events do not
// wait behind them, and a receiver that has just come back is not run over.
const (
	replayPortion = 50
	replayEvery   = 100 * time.Millisecond
)

// spread gives replays their times. It is of one node, and safe for concurrent
// use; its zero value is ready.
type spread struct {
	mu   sync.Mutex
	next map[domain.EnvironmentID]portion
}

// portion is the next one of an environment.
type portion struct {
	at   time.Time
	left int
}

// due is when the next replay of an environment comes due: now, when few are
// before it.
func (s *spread) due(env domain.EnvironmentID, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = map[domain.EnvironmentID]portion{}
	}
	p, ok := s.next[env]
	switch {
	case !ok || p.at.Before(now.Add(-replayEvery)):
		s.forget(now)
		p = portion{at: now, left: replayPortion}
	case p.left == 0:
		p = portion{at: later(p.at.Add(replayEvery), now), left: replayPortion}
	}
	p.left--
	s.next[env] = p
	return p.at
}

// forget drops portions that are over, when there are many.
func (s *spread) forget(now time.Time) {
	if len(s.next) < maxPaces {
		return
	}
	for env, p := range s.next {
		if p.at.Before(now.Add(-replayEvery)) {
			delete(s.next, env)
		}
	}
}
