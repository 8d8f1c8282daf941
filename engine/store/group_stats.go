package store

import (
	"math/bits"
	"sync"
	"time"
)

// Commit is one transaction that a writer brought to its end.
type Commit struct {
	// Members is how many callers shared it; Failed how many of them got an
	// error.
	Members, Failed int
	// Took is from its first statement until its last verdict.
	Took time.Duration
	// Lost is why the group was lost as a whole and its members were run
	// again, nil as a rule.
	Lost error
}

// Stats are counted since Open.
type Stats struct {
	Commits, Members, Failed int64
	// Lost counts groups that were lost as a whole and run again in parts.
	Lost int64
	// GroupSizes[i] counts commits of at most 2^i members and more than 2^(i-1).
	GroupSizes [12]int64
	// LastError is the newest reason for a lost group, and when it was.
	LastError   error
	LastErrorAt time.Time
}

// stats collects Stats from several writers.
type stats struct {
	now     func() time.Time
	observe func(Commit)

	mu  sync.Mutex
	sum Stats
}

func (s *stats) lost(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.Lost++
	s.sum.LastError, s.sum.LastErrorAt = err, s.now()
}

func (s *stats) committed(group []*member, took time.Duration, lost error) {
	c := Commit{Members: len(group), Took: took, Lost: lost}
	for _, m := range group {
		if m.verdict != nil {
			c.Failed++
		}
	}
	s.add(c)
	if s.observe != nil {
		s.observe(c)
	}
}

func (s *stats) add(c Commit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.Commits++
	s.sum.Members += int64(c.Members)
	s.sum.Failed += int64(c.Failed)
	bucket := min(bits.Len(uint(max(c.Members-1, 0))), len(s.sum.GroupSizes)-1)
	s.sum.GroupSizes[bucket]++
}

func (s *stats) snapshot() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sum
}
