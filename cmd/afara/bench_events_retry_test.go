package main

import (
	"testing"
	"time"
)

func TestTheReceiverOfRetriesRefusesEverySecondEventOnce(t *testing.T) {
	t.Parallel()
	r := &retryReceiver{benchBook: newBenchBook(), refused: map[string]time.Time{}}
	now := time.Now()
	for _, c := range []struct {
		id   string
		want bool
	}{{"one", true}, {"two", false}, {"three", true}, {"one", false}, {"three", false}, {"four", false}, {"five", true}} {
		if got := r.refuse(c.id, now.Add(retryAfter)); got != c.want {
			t.Errorf("event %s: refused %t", c.id, got)
		}
	}
	if len(r.waits) != 2 || len(r.refused) != 1 {
		t.Errorf("%d waits are noted, %d events are to come again", len(r.waits), len(r.refused))
	}
}

func TestTheGateOfRetriesIsATenthAndNeverEarly(t *testing.T) {
	t.Parallel()
	// times is so many waits of one length.
	times := func(n int, d time.Duration) []time.Duration {
		out := make([]time.Duration, n)
		for i := range out {
			out[i] = d
		}
		return out
	}
	for _, c := range []struct {
		name   string
		waits  []time.Duration
		lost   int
		pass   bool
		within int
	}{
		{"within", times(200, retryAfter+retryLate), 0, true, 200},
		{"on the moment", times(200, retryAfter), 0, true, 200},
		{"one in two hundred late", append(times(199, retryAfter), 3*time.Second), 0, true, 199},
		{"three in two hundred late", append(times(197, retryAfter), times(3, 3*time.Second)...), 0, false, 197},
		{"one early", append(times(199, retryAfter), retryAfter-1), 0, false, 199},
		{"one lost", times(199, retryAfter), 1, false, 199},
		{"none", nil, 0, false, 0},
	} {
		f := retryFigures{waits: c.waits, lost: c.lost}
		if err := f.gate(); (err == nil) != c.pass {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := f.within(); got != c.within {
			t.Errorf("%s: %d are within a tenth, want %d", c.name, got, c.within)
		}
	}
}
