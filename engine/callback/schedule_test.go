package callback_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
)

func TestScheduleIsTheOneThatIsPromised(t *testing.T) {
	t.Parallel()
	s := callback.DefaultSchedule()
	for i, want := range []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 12 * time.Hour} {
		var least, most time.Duration
		for range 500 {
			wait, ok := s.Next(i+1, 0)
			if !ok || wait < want || wait > want+want/10 {
				t.Fatalf("after attempt %d: %v, %v", i+1, wait, ok)
			}
			if least == 0 || wait < least {
				least = wait
			}
			most = max(most, wait)
		}
		if most-least < want/20 {
			t.Errorf("after attempt %d there is no spread: %v to %v", i+1, least, most)
		}
	}
	for _, attempt := range []int{-1, 0, 6, 7} {
		if wait, ok := s.Next(attempt, time.Hour); ok {
			t.Errorf("after attempt %d: %v", attempt, wait)
		}
	}
}

func TestJitterEndsAreKept(t *testing.T) {
	t.Parallel()
	s := callback.DefaultSchedule()
	s.Int64N = func(int64) int64 { return 0 }
	if wait, _ := s.Next(1, 0); wait != time.Minute {
		t.Errorf("least %v", wait)
	}
	s.Int64N = func(n int64) int64 { return n - 1 }
	if wait, _ := s.Next(1, 0); wait != 66*time.Second {
		t.Errorf("most %v", wait)
	}
}

func TestRetryAfterCountsBetweenOnceAndTwiceTheSchedule(t *testing.T) {
	t.Parallel()
	s := callback.DefaultSchedule()
	for asked, want := range map[time.Duration][2]time.Duration{
		0:                {5 * time.Minute, 5*time.Minute + 30*time.Second},
		time.Second:      {5 * time.Minute, 5*time.Minute + 30*time.Second},
		7 * time.Minute:  {7 * time.Minute, 7*time.Minute + 30*time.Second},
		10 * time.Minute: {10 * time.Minute, 10 * time.Minute},
		24 * time.Hour:   {10 * time.Minute, 10 * time.Minute},
		-time.Hour:       {5 * time.Minute, 5*time.Minute + 30*time.Second},
	} {
		for range 100 {
			if wait, ok := s.Next(2, asked); !ok || wait < want[0] || wait > want[1] {
				t.Fatalf("asked for %v: %v", asked, wait)
			}
		}
	}
}
