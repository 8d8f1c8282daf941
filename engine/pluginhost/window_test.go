package pluginhost

import (
	"testing"
	"time"
)

func TestAStepEndsWhereTheNextBegins(t *testing.T) {
	t.Parallel()
	for us := int64(1); us < 1<<31; us += us/37 + 1 {
		d := time.Duration(us) * time.Microsecond
		end := stepEnd(stepOf(d))
		if end < d || float64(end) > 1.34*float64(d) {
			t.Fatalf("%s is counted as up to %s", d, end)
		}
		if us >= 16 && float64(end) > 1.25*float64(d) {
			t.Fatalf("%s is counted as up to %s", d, end)
		}
		if next := stepOf(end + time.Microsecond); next <= stepOf(end) {
			t.Fatalf("%s and the microsecond after it have steps %d and %d", end, stepOf(end), next)
		}
	}
	if got := stepOf(48 * time.Hour); got != durationSteps-1 {
		t.Errorf("two days have step %d", got)
	}
}

func TestAWindowForgetsByTheMinute(t *testing.T) {
	t.Parallel()
	var w window
	start := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for minute := range 180 {
		at := start.Add(time.Duration(minute) * time.Minute)
		w.add(at, 10*time.Millisecond, false)
		w.add(at.Add(time.Second), time.Second, minute%2 == 0)
	}
	now := start.Add(179*time.Minute + 30*time.Second)
	s := w.status("op", now)
	if s.Calls != 360 || s.Recent.Calls != 10 || s.Recent.Failed != 2 || s.Hour.Calls != 120 || s.Hour.Failed != 30 {
		t.Errorf("%+v", s)
	}
	near := func(d, want time.Duration) bool { return d >= want && float64(d) <= 1.25*float64(want) }
	if !near(s.Recent.P50, 10*time.Millisecond) || !near(s.Hour.P95, time.Second) || !near(s.Hour.P99, time.Second) {
		t.Errorf("quantiles %+v", s)
	}
	if later := w.status("op", now.Add(2*time.Hour)); later.Hour != (Span{}) || later.Calls != 360 {
		t.Errorf("two hours later: %+v", later)
	}
}
