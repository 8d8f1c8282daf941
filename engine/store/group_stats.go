package store

import (
	"errors"
	"log/slog"
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
	// Lost is why the group's first transaction did not commit, so that its
	// members were run again; nil as a rule.
	Lost error
}

// Stats are counted since Open.
type Stats struct {
	Commits, Members, Failed int64
	// Lost counts groups whose members were run again.
	Lost int64
	// GroupSizes[i] counts commits of at most 2^i members and more than 2^(i-1).
	GroupSizes [12]int64
	// LastError is the newest ErrUnavailable or ErrUnknown, and when it was.
	LastError   error
	LastErrorAt time.Time
}

// stats collects Stats from several writers.
type stats struct {
	now     func() time.Time
	observe func(Commit)
	log     *slog.Logger

	mu  sync.Mutex
	sum Stats
}

// committed counts a group whose members have their verdicts. lost is why the
// first transaction of it did not commit.
func (s *stats) committed(group []*member, took time.Duration, lost error) {
	c := Commit{Members: len(group), Took: took, Lost: lost}
	trouble := troubled(lost)
	for _, m := range group {
		if m.verdict != nil {
			c.Failed++
		}
		if trouble == nil {
			trouble = troubled(m.verdict)
		}
	}
	if trouble != nil {
		s.log.Warn("commit in trouble", "error", trouble, "callers", c.Members, "failed", c.Failed)
	}
	s.add(c, trouble)
	if s.observe != nil {
		s.observe(c)
	}
}

// troubled gives err when it is the database's trouble and not a caller's.
func troubled(err error) error {
	if isUnavailable(err) || errors.Is(err, ErrUnknown) {
		return err
	}
	return nil
}

func (s *stats) add(c Commit, trouble error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.Commits++
	s.sum.Members += int64(c.Members)
	s.sum.Failed += int64(c.Failed)
	if c.Lost != nil {
		s.sum.Lost++
	}
	if trouble != nil {
		s.sum.LastError, s.sum.LastErrorAt = trouble, s.now()
	}
	bucket := min(bits.Len(uint(max(c.Members-1, 0))), len(s.sum.GroupSizes)-1)
	s.sum.GroupSizes[bucket]++
}

func (s *stats) snapshot() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sum
}
