package ingest_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// A key lives for a day. The first request after that takes it over, and of
// many at once one does.
func TestExpiredKeyIsTakenOverOnce(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := testclock.New(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
			s := open(t, func(c *store.Config) { c.Now, c.Migrations = clock.Now, nil })
			intake, err := ingest.New(ingest.Config{Store: s, Applier: store.NewApplier(s)})
			if err != nil {
				t.Fatal(err)
			}
			send := func(body string) (ingest.Answer, error) {
				return intake.Accept(t.Context(), ingest.Submission{
					Environment: "env_a", Route: "r", Key: "k", Body: []byte(body), Status: 202,
					Make: func(context.Context) (domain.Draft, error) { return domain.Draft{Answer: []byte(body)}, nil },
				})
			}
			if a, err := send("one"); err != nil || a.Replayed {
				t.Fatalf("first: %+v %v", a, err)
			}
			clock.Add(24*time.Hour - time.Second)
			if a, err := send("one"); err != nil || !a.Replayed || string(a.Body) != "one" {
				t.Fatalf("within the day: %+v %v", a, err)
			}
			clock.Add(time.Second)
			var fresh atomic.Int32
			var group sync.WaitGroup
			for range 32 {
				group.Go(func() {
					a, err := send("two")
					if err != nil || string(a.Body) != "two" {
						t.Errorf("after the day: %s %v", a.Body, err)
					}
					if !a.Replayed {
						fresh.Add(1)
					}
				})
			}
			group.Wait()
			if n := fresh.Load(); n != 1 {
				t.Errorf("the key was taken over %d times", n)
			}
		})
	}
}

// A twin that began before the first was accepted may find that it cannot be
// made any more: the first is the reason, and its answer is the twin's too.
func TestATwinThatCannotBeMadeAnyMoreIsAnsweredAsTheFirst(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t, func(c *store.Config) { c.Migrations = nil })
	intake, err := ingest.New(ingest.Config{Store: s, Applier: store.NewApplier(s)})
	if err != nil {
		t.Fatal(err)
	}
	send := func(make func(context.Context) (domain.Draft, error)) (ingest.Answer, error) {
		return intake.Accept(t.Context(), ingest.Submission{Environment: "env_a", Route: "r", Key: "k", Body: []byte("body"), Status: 202, Make: make})
	}
	inFlight := &domain.Error{Kind: domain.KindConflict, Code: "in_flight"}
	a, err := send(func(context.Context) (domain.Draft, error) {
		_, err := send(func(context.Context) (domain.Draft, error) { return domain.Draft{Answer: []byte("first")}, nil })
		if err != nil {
			t.Error(err)
		}
		return domain.Draft{}, inFlight
	})
	if err != nil || !a.Replayed || string(a.Body) != "first" {
		t.Errorf("the twin: %+v, %v", a, err)
	}
	_, err = intake.Accept(t.Context(), ingest.Submission{Environment: "env_a", Route: "r", Key: "free", Status: 202,
		Make: func(context.Context) (domain.Draft, error) { return domain.Draft{}, inFlight }})
	if !errors.Is(err, inFlight) {
		t.Errorf("without a twin: %v", err)
	}
}
