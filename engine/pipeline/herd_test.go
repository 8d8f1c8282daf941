package pipeline_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// asks fails and asks for a wait.
func asks(class domain.Class, wait time.Duration) func(domain.Call) domain.Outcome {
	return func(c domain.Call) domain.Outcome {
		out := fails(class)(c)
		out.Error.RetryAfter = wait
		return out
	}
}

// While one trial of an open breaker hangs, all others are told the same few
// seconds again and again: they must wait longer each time, as ever, and not
// come back together.
func TestAskedWaitsMakeNoHerd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		operation   string
		class       domain.Class
		least, most time.Duration // of the tenth wait, after nine that asked for 5 s
	}{
		"away at a read":       {"test.prepare", domain.ClassUnavailable, 5 * time.Minute, 5*time.Minute + 30*time.Second},
		"away at an effect":    {"test.send", domain.ClassUnavailable, 5 * time.Minute, 5*time.Minute + 30*time.Second},
		"away at a look-up":    {"test.lookup", domain.ClassUnavailable, 5 * time.Minute, 5*time.Minute + 30*time.Second},
		"limited at a read":    {"test.prepare", domain.ClassRateLimited, 5 * time.Second, 6 * time.Second},
		"limited at a look-up": {"test.lookup", domain.ClassRateLimited, 5 * time.Second, 6 * time.Second},
		"limited at an effect": {"test.send", domain.ClassRateLimited, 5 * time.Second, 6 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "sqlite:"+t.TempDir()+"/afara.db")
			first, last := map[time.Duration]bool{}, map[time.Duration]bool{}
			for range 5 {
				f, l := w.waits(tc.operation, asks(tc.class, 5*time.Second))
				first[f], last[l] = true, true
				if f < 5*time.Second || f > 6*time.Second {
					t.Errorf("the first wait is %s, want the 5 s it was told and little more", f)
				}
				if l < tc.least || l > tc.most {
					t.Errorf("the tenth wait is %s, want %s to %s", l, tc.least, tc.most)
				}
			}
			if len(first) == 1 || len(last) == 1 {
				t.Errorf("all five come back at the same moment, after %v and %v", first, last)
			}
		})
	}
}

// waits answers how long a new message waits after the first and after the
// tenth such answer.
func (w *world) waits(operation string, answer func(domain.Call) domain.Outcome) (first, tenth time.Duration) {
	w.t.Helper()
	w.vendor.forget()
	id := w.accept()
	if operation == "test.lookup" {
		w.vendor.script("test.send", fails(domain.ClassUnknownOutcome))
		w.walk(id)
		w.clock.Add(10 * time.Minute) // settled: no look-up is drawn near for that
	}
	for n := range 10 {
		w.vendor.script(operation, answer)
		w.clock.Add(max(w.due(id), 0))
		w.walk(id)
		tenth = w.due(id)
		if n == 0 {
			first = tenth
		}
	}
	return first, tenth
}
