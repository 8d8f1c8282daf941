package pull_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pull"
	"github.com/afara-dev/afara/schemas"
)

func refusal(class domain.Class, after time.Duration) *domain.ConnectorError {
	return &domain.ConnectorError{Class: class, Code: "so", Message: "so it is\x00", RetryAfter: after}
}

func TestFailuresWaitLongerAndLonger(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(2)
		w.set(func() { w.refusal, w.every = refusal(domain.ClassUnavailable, 0), 10*time.Second })
		n := w.start("node_a")
		base := 10 * time.Second
		for i := range 5 {
			if o := w.next(n); o.State != pull.StateFailed || o.Class != domain.ClassUnavailable {
				w.Fatalf("%+v", o)
			}
			w.clock.Add(base * 79 / 100)
			w.looked()
			if len(n.ended) > 0 {
				w.Fatalf("asked again before %s had passed", base*79/100)
			}
			if i == 4 {
				w.set(func() { w.refusal = nil })
			}
			w.clock.Add(base * 42 / 100)
			base *= 2
		}
		if o := w.next(n); o.State != pull.StateDone || o.Read != 2 {
			w.Fatalf("%+v", o)
		}
		w.clock.Add(10 * time.Second)
		if o := w.next(n); o.State != pull.StateDone {
			w.Errorf("a good run does not end the waiting: %+v", o)
		}
		for _, run := range w.runs(n) {
			if run.State == pull.StateFailed && (run.Error == nil || run.Error.Class != domain.ClassUnavailable || run.Error.Code != "so" || run.Error.Message != "so it is\uFFFD") {
				w.Errorf("%+v", run.Error)
			}
		}
	})
}

func TestTheVendorsTimeIsKept(t *testing.T) {
	onBoth(t, func(w *world) {
		w.set(func() { w.refusal = refusal(domain.ClassRateLimited, time.Hour) })
		n := w.start("node_a")
		w.next(n)
		w.clock.Add(59 * time.Minute)
		w.looked()
		if len(n.ended) > 0 {
			w.Error("asked again before the time that the vendor had named")
		}
		w.clock.Add(time.Minute)
		w.next(n)
	})
}

func TestARefusedConnectionIsPaused(t *testing.T) {
	for _, class := range []domain.Class{domain.ClassUnauthorized, domain.ClassMisconfigured} {
		t.Run(string(class), func(t *testing.T) {
			onBoth(t, func(w *world) {
				w.set(func() { w.refusal = refusal(class, 0) })
				n := w.start("node_a")
				if o := w.next(n); o.State != pull.StateFailed || o.Class != class {
					w.Fatalf("%+v", o)
				}
				w.eventually("it is paused", func() (yes bool) {
					w.set(func() { yes = len(w.paused) == 1 && w.paused[0] == class })
					return yes
				})
			})
		})
	}
}

func TestAConnectorThatMakesNoProgressFails(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(2)
		w.set(func() { w.stuck = true })
		n := w.start("node_a")
		o := w.next(n)
		if o.State != pull.StateFailed || o.Class != domain.ClassInternal {
			w.Fatalf("%+v", o)
		}
		if run := w.runs(n)[0]; run.Error.Code != "pull_stuck" {
			w.Errorf("%+v", run.Error)
		}
	})
}

// What is made of a record is stored with it and with the cursor, or not at all.
func TestWhatIsMadeOfARecordIsStoredWithIt(t *testing.T) {
	onBoth(t, func(w *world) {
		w.makes(4)
		w.set(func() { w.streams = []schemas.Stream{{Name: "items", Document: schemas.InvoiceV1}} })
		refused := errors.New("refused")
		fails := make(chan error, 1)
		fails <- nil
		take := func(_ context.Context, r pull.Record) ([]domain.Part, error) {
			err := <-fails
			if r.Key == key(2) {
				fails <- refused
			} else {
				fails <- nil
			}
			return []domain.Part{domain.AuditEntry{Environment: environment, Action: "taken", Subject: r.Key, At: w.clock.Now()}}, err
		}
		n := w.start("node_a", func(c *pull.Config) { c.Take = map[schemas.ID]pull.Taker{schemas.InvoiceV1: take} })
		if o := w.next(n); o.State != pull.StateFailed || o.Read != 2 || o.Class != domain.ClassInternal {
			w.Fatalf("%+v", o)
		}
		w.holds(n, 2)
		if got := w.audited("taken"); got != 2 {
			w.Errorf("%d entries of records that were stored, want 2", got)
		}
		w.clock.Add(2 * time.Minute)
		if o := w.next(n); o.State != pull.StateDone || o.New != 2 {
			w.Fatalf("%+v", o)
		}
		w.holds(n, 4)
		if got := w.audited("taken"); got != 4 {
			w.Errorf("%d entries, want one for each record", got)
		}
	})
}
