package simnet_test

import (
	"context"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

func TestWhoAwaitsTheEndIsToldOfIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(*bench) error
		want schemas.PaymentStatus
	}{
		"answered": {func(b *bench) error { _, err := b.Answer("mtn", "r1", simnet.Refuse, ""); return err }, schemas.PaymentUserCancelled},
		"expired":  {func(b *bench) error { b.Pass(time.Hour); return nil }, schemas.PaymentTimeout},
		"reset":    {func(b *bench) error { b.Reset(); return nil }, ""},
		"closed":   {func(b *bench) error { return b.Close() }, schemas.PaymentPending},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simnet.Options{})
			b.begin(t, order("r1", simnet.Collect, 4_000))
			told := make(chan schemas.PaymentStatus, 2)
			for range cap(told) {
				go func() {
					found, _ := b.Await(t.Context(), "mtn", "r1")
					told <- found.Outcome
				}()
			}
			if err := c.end(b); err != nil {
				t.Fatal(err)
			}
			for range cap(told) {
				if got := <-told; got != c.want {
					t.Errorf("told of %q, want %q", got, c.want)
				}
			}
		})
	}
}

func TestWhoAwaitsAnOrderThatIsReplacedIsLetGo(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{Settings: simnet.Settings{NoDuplicateGuard: true}})
	b.begin(t, order("r1", simnet.Collect, 4_000))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		b.Await(t.Context(), "mtn", "r1")
	}()
	b.begin(t, order("r1", simnet.Collect, 4_000))
	if _, err := b.Answer("mtn", "r1", simnet.Refuse, ""); err != nil { // of the second, should it be that one
		t.Fatal(err)
	}
	<-gone
}

func TestNobodyAwaitsLongerThanTheyWant(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{})
	b.begin(t, order("r1", simnet.Collect, 4_000))
	given, cancel := context.WithCancel(t.Context())
	cancel()
	if found, known := b.Await(given, "mtn", "r1"); !known || found.Outcome != schemas.PaymentPending {
		t.Errorf("given up: %+v", found)
	}
	if _, known := b.Await(t.Context(), "mtn", "r2"); known {
		t.Error("what was never begun is known")
	}
}
