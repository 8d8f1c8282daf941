package failpoint_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/failpoint"
)

func TestAPaceIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	p := failpoint.Pace{Anchor: time.Date(2026, 11, 23, 9, 30, 0, 123456789, time.UTC), Rate: 10}
	got, err := failpoint.ParsePace(p.String())
	if err != nil || !got.Anchor.Equal(p.Anchor) || got.Rate != p.Rate {
		t.Errorf("%s is read as %v, %v", p, got, err)
	}
	for _, bad := range []string{"", "10", "now,10", "2026-11-23T09:30:00Z", "2026-11-23T09:30:00Z,", "2026-11-23T09:30:00Z,0", "2026-11-23T09:30:00Z,21", "2026-11-23T09:30:00Z,1.5"} {
		if p, err := failpoint.ParsePace(bad); err == nil {
			t.Errorf("%q is read as %v", bad, p)
		}
	}
}

// TestTwoProcessesShareAPace: the clock depends on the real time and on nothing
// of the process, so a restarted one goes on where the killed one was.
func TestTwoProcessesShareAPace(t *testing.T) {
	t.Parallel()
	p := failpoint.Pace{Anchor: time.Now().Add(-time.Minute), Rate: 10}
	before := time.Now()
	got := p.Now()
	after := time.Now()
	for _, real := range []time.Time{before, after} {
		if d := got.Sub(p.Anchor) - 10*real.Sub(p.Anchor); d.Abs() > 10*after.Sub(before)+time.Millisecond {
			t.Errorf("the clock shows %s after its anchor, the real one %s", got.Sub(p.Anchor), real.Sub(p.Anchor))
		}
	}
	if d := p.Real(time.Minute); d != 6*time.Second {
		t.Errorf("a minute takes %s", d)
	}
}

func FuzzParsePace(f *testing.F) {
	f.Add("2026-11-23T09:30:00Z,10")
	f.Add(",")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := failpoint.ParsePace(text)
		if err != nil {
			return
		}
		if again, err := failpoint.ParsePace(p.String()); err != nil || !again.Anchor.Equal(p.Anchor) || again.Rate != p.Rate {
			t.Errorf("%q: %v, then %v, %v", text, p, again, err)
		}
	})
}
