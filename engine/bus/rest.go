package bus

import (
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// rest waits before the next try: 100 ms, doubling to 2 s. A group that is gone
// is made again at once.
func (s *subscription) rest(err error) {
	s.failures++
	s.dirty = true
	lost := isLost(err)
	if lost {
		s.made = false
	}
	if s.failures%30 == 1 { // at once, then about each minute
		s.log.Warn("reading the stream is interrupted, trying again until it works", "tries", s.failures, "error", err)
	}
	if s.failures == 1 && lost {
		return
	}
	timer := time.NewTimer(backoff(s.failures))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.stopping:
	}
}

func (s *subscription) recovered() {
	if s.failures > 0 {
		s.log.Info("reading the stream works again", "tries", s.failures)
		s.failures = 0
	}
}

// isLost tells that the stream, its group or the wake stream is gone.
func isLost(err error) bool {
	var answer redis.Error
	if !errors.As(err, &answer) {
		return false
	}
	for _, word := range []string{"NOGROUP ", "UNBLOCKED ", "ERR no such key"} {
		if strings.Contains(answer.Error(), word) {
			return true
		}
	}
	return false
}

func backoff(failures int) time.Duration {
	return min(100*time.Millisecond<<min(failures-1, 5), 2*time.Second)
}
