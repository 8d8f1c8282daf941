package pluginhost

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// window counts an operation's calls by the minute, for the last hour. A call
// costs a few atomic additions; the sums are made when an operator looks.
type window struct {
	calls   atomic.Int64 // since the host started
	mu      sync.Mutex   // held to begin a minute
	minutes [windowMinutes]minute
}

// windowMinutes is an hour and the minute that is under way.
const windowMinutes = 61

// minute is what happened in one minute since 1970.
type minute struct {
	number atomic.Int64
	failed atomic.Int64
	spread [durationSteps]atomic.Int32
}

// Durations are counted in steps of a quarter of a power of two microseconds: a
// quantile is at most a fifth above the truth. The last step is for an hour and
// more.
const (
	quarters      = 4
	durationSteps = 32 * quarters
)

func stepOf(d time.Duration) int {
	us := uint64(max(d.Microseconds(), 1))
	power := bits.Len64(us) - 1
	quarter := 0
	if power >= 2 {
		quarter = int(us>>(power-2)) & 3
	} else if power == 1 {
		quarter = int(us&1) * 2
	}
	return min(power*quarters+quarter, durationSteps-1)
}

// stepEnd is the longest duration of a step.
func stepEnd(step int) time.Duration {
	power, quarter := step/quarters, uint64(step%quarters)
	if power < 2 {
		return time.Duration(uint64(1)<<power+quarter/2) * time.Microsecond
	}
	return time.Duration((quarters+quarter+1)<<(power-2)-1) * time.Microsecond
}

func minuteOf(at time.Time) int64 { return at.Unix() / 60 }

// add counts a call that ended at a time.
func (w *window) add(at time.Time, took time.Duration, failed bool) {
	w.calls.Add(1)
	n := minuteOf(at)
	m := &w.minutes[n%windowMinutes]
	if m.number.Load() != n {
		w.begin(m, n)
	}
	if failed {
		m.failed.Add(1)
	}
	m.spread[stepOf(took)].Add(1)
}

// begin empties a minute's place for the next hour.
func (w *window) begin(m *minute, n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m.number.Load() == n {
		return
	}
	m.failed.Store(0)
	for i := range m.spread {
		m.spread[i].Store(0)
	}
	m.number.Store(n)
}

// span sums the last minutes up to now, the present one among them.
func (w *window) span(now time.Time, minutes int64) Span {
	var s Span
	var spread [durationSteps]int64
	last := minuteOf(now)
	for i := range w.minutes {
		m := &w.minutes[i]
		if n := m.number.Load(); n > last || n <= last-minutes {
			continue
		}
		s.Failed += m.failed.Load()
		for step := range m.spread {
			spread[step] += int64(m.spread[step].Load())
		}
	}
	for _, n := range spread {
		s.Calls += n
	}
	s.P50, s.P95, s.P99 = quantile(&spread, s.Calls, 50), quantile(&spread, s.Calls, 95), quantile(&spread, s.Calls, 99)
	return s
}

func quantile(spread *[durationSteps]int64, calls, percent int64) time.Duration {
	if calls == 0 {
		return 0
	}
	rank := (calls*percent + 99) / 100
	for step, n := range spread {
		if rank -= n; rank <= 0 {
			return stepEnd(step)
		}
	}
	return 0
}

func (w *window) status(name string, now time.Time) OperationStatus {
	return OperationStatus{Name: name, Calls: w.calls.Load(), Recent: w.span(now, 5), Hour: w.span(now, 60)}
}

// failedClass reports whether a call of this class failed: the answers that a
// vendor gives to a wrong document are answers.
func failedClass(c domain.Class) bool {
	switch c {
	case domain.ClassResult, domain.ClassInvalid, domain.ClassRejected, domain.ClassUnsupported:
		return false
	}
	return true
}
