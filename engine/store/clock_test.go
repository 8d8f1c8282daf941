package store_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

func TestClockOffset(t *testing.T) {
	t.Parallel()
	start := time.UnixMicro(1_000_000)
	for name, c := range map[string]struct {
		server, took, want time.Duration
	}{
		"inside the round trip":     {5 * time.Millisecond, 10 * time.Millisecond, 0},
		"at its very end":           {10 * time.Millisecond, 10 * time.Millisecond, 0},
		"the server is ahead":       {105 * time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond},
		"the server is behind":      {-95 * time.Millisecond, 10 * time.Millisecond, -100 * time.Millisecond},
		"the node jumped back":      {time.Hour, -time.Second, time.Hour + time.Second/2},
		"no time passed, same time": {0, 0, 0},
	} {
		if got := store.MidpointOffset(start, start.Add(c.server), start.Add(c.took)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// On one machine the clocks are the same, so a test's own clock is exact.
func TestNowIsTheGivenClock(t *testing.T) {
	t.Parallel()
	fixed := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	given := func(c *store.Config) { c.Now = func() time.Time { return fixed } }
	for name, s := range map[string]*store.Store{
		"sqlite":   storetest.SQLite(t, storetest.Tables, given),
		"postgres": storetest.Postgres(t, storetest.Tables, given),
	} {
		if got := s.Now(); !got.Equal(fixed) || s.ClockOffset() != 0 {
			t.Errorf("%s: %v, offset %v", name, got, s.ClockOffset())
		}
	}
}
