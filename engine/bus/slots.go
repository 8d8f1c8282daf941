package bus

import "sync"

// slots bounds what is unacked.
type slots struct {
	mu    sync.Mutex
	free  int
	freed chan struct{} // one token: free grew
}

func newSlots(n int) *slots { return &slots{free: n, freed: make(chan struct{}, 1)} }

// take waits until a slot is free and takes up to most. It returns 0 only when
// stop closes first. One goroutine takes.
func (s *slots) take(most int, stop <-chan struct{}) int {
	for {
		if n := s.tryTake(most); n > 0 {
			return n
		}
		select {
		case <-s.freed:
		case <-stop:
			return 0
		}
	}
}

// tryTake takes up to most of the slots that are free now.
func (s *slots) tryTake(most int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(most, s.free)
	s.free -= n
	return n
}

func (s *slots) put(n int) {
	if n == 0 {
		return
	}
	s.mu.Lock()
	s.free += n
	s.mu.Unlock()
	offer(s.freed)
}
