package codes_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/firs/internal/codes"
)

// authority serves a list, or fails, and counts.
type authority struct {
	rows  []codes.Row
	err   error
	asked atomic.Int64
}

func (a *authority) load(context.Context, string) ([]codes.Row, error) {
	a.asked.Add(1)
	return a.rows, a.err
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func TestTheMeaningDecidesNotTheNumber(t *testing.T) {
	t.Parallel()
	a := &authority{rows: []codes.Row{{"381", "Credit Note"}, {"380", "commercial  invoice"}, {"900", "Debit-Note"}}}
	types := codes.NewTypes(a.load, time.Now)
	if err := types.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for ours, want := range map[string]string{"381": "380", "380": "381", "384": "900"} {
		if got, err := types.Code(ours); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %s", ours, got, err, want)
		}
	}
}

func TestATypeThatIsNotListedIsRefusedAndNotReplaced(t *testing.T) {
	t.Parallel()
	a := &authority{rows: []codes.Row{{"381", "Credit Note"}}}
	types := codes.NewTypes(a.load, time.Now)
	if err := types.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := types.Code("381"); err == nil {
		t.Fatalf("a commercial invoice went out as %q", got)
	}
	if _, err := types.Code("999"); err == nil {
		t.Fatal("an unknown code was accepted")
	}
}

func TestTwoRowsWithOneMeaningKeepTheirNumbers(t *testing.T) {
	t.Parallel()
	a := &authority{rows: []codes.Row{{"385", "Self Billed Invoice"}, {"394", "Self-billed Invoice"}}}
	types := codes.NewTypes(a.load, time.Now)
	if err := types.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, code := range []string{"385", "394"} {
		if got, err := types.Code(code); err != nil || got != code {
			t.Errorf("%s: %q, %v", code, got, err)
		}
	}
}

func TestWithoutAListTheBuiltInOneServes(t *testing.T) {
	t.Parallel()
	a := &authority{err: errors.New("away")}
	types := codes.NewTypes(a.load, time.Now)
	if err := types.Refresh(t.Context()); err == nil {
		t.Fatal("the failure was not told")
	}
	if got, err := types.Code("381"); err != nil || got != "381" {
		t.Fatalf("got %q, %v", got, err)
	}
}

func TestAListIsKeptADayAndServedStaleWhileTheAuthorityIsAway(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	a := &authority{rows: []codes.Row{{"777", "Commercial Invoice"}}}
	types := codes.NewTypes(a.load, c.now)
	refresh := func(after time.Duration) error {
		c.at = c.at.Add(after)
		return types.Refresh(t.Context())
	}
	_ = refresh(0)
	_ = refresh(23 * time.Hour)
	if n := a.asked.Load(); n != 1 {
		t.Fatalf("asked %d times within a day", n)
	}
	a.err = errors.New("away")
	if err := refresh(2 * time.Hour); err == nil {
		t.Fatal("an old list was not asked for again")
	}
	_ = refresh(4 * time.Minute)
	if n := a.asked.Load(); n != 2 {
		t.Fatalf("asked %d times, the failure is not remembered", n)
	}
	if got, err := types.Code("381"); err != nil || got != "777" {
		t.Fatalf("stale list not served: %q, %v", got, err)
	}
	_ = refresh(2 * time.Minute)
	if n := a.asked.Load(); n != 3 {
		t.Fatalf("asked %d times, never again after a failure", n)
	}
}

// While the authority is away its silence costs one call in five minutes, not
// every call.
func TestOnlyTheFirstTryIsWaitedForAndNoLongerThanTheCallLasts(t *testing.T) {
	t.Parallel()
	c := &clock{at: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	asked, answer := make(chan struct{}), make(chan error)
	types := codes.NewTypes(func(context.Context, string) ([]codes.Row, error) {
		asked <- struct{}{}
		return nil, <-answer
	}, c.now)
	loader := make(chan error)
	load := func() {
		go func() { loader <- types.Refresh(t.Context()) }()
		<-asked
	}

	load()
	ctx, cancel := context.WithCancel(t.Context())
	waiter := make(chan error)
	go func() { waiter <- types.Refresh(ctx) }()
	cancel()
	if err := <-waiter; !errors.Is(err, context.Canceled) {
		t.Errorf("a caller whose call had ended got %v", err)
	}
	answer <- errors.New("away")
	if err := <-loader; err == nil {
		t.Error("the failure was not told")
	}

	c.at = c.at.Add(6 * time.Minute)
	load()
	if err := types.Refresh(t.Context()); err != nil { // returns although somebody loads
		t.Errorf("a caller who could do without got %v", err)
	}
	answer <- errors.New("away")
	<-loader
}
