package ingest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// door takes submissions that are one row of work each.
type door struct {
	t       *testing.T
	clock   *testclock.Clock
	applier *store.Applier
	service *ingest.Service
}

func newDoor(t *testing.T, limit int) *door {
	t.Helper()
	d := &door{t: t, clock: testclock.New(time.Now().UTC())}
	s := storetest.SQLite(t, func(c *store.Config) { c.Now, c.Migrations = d.clock.Now, nil })
	d.applier = store.NewApplier(s)
	var err error
	if d.service, err = ingest.New(ingest.Config{Store: s, Applier: d.applier, PerEnvironment: limit}); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *door) accept(ctx context.Context, env domain.EnvironmentID) (domain.WorkID, error) {
	id := domain.NewID[domain.WorkID](domain.PrefixMessage)
	_, err := d.service.Accept(ctx, ingest.Submission{Environment: env, Route: "post", New: true, Status: 202,
		Make: func(context.Context) (domain.Draft, error) {
			return domain.Draft{Answer: []byte(`{}`), Parts: []domain.Part{
				domain.Work{ID: id, Kind: domain.WorkMessage, Stream: "s", Environment: env, Stage: "prepare", DueAt: d.clock.Now()},
			}}, nil
		}})
	return id, err
}

func (d *door) finish(id domain.WorkID) {
	d.t.Helper()
	if err := d.applier.Apply(d.t.Context(), domain.Change{Work: &domain.WorkChange{ID: id, Move: domain.MoveDone}}); err != nil {
		d.t.Fatal(err)
	}
}

func TestBacklogIsBoundedPerEnvironment(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 2)
	for range 2 {
		if _, err := d.accept(t.Context(), "env_a"); err != nil {
			t.Fatal(err)
		}
	}
	var refused *domain.Error
	if _, err := d.accept(t.Context(), "env_a"); !errors.As(err, &refused) || refused.Code != "backlog_full" || refused.RetryAfter <= 0 {
		t.Errorf("a third was answered %v", err)
	}
	if _, err := d.accept(t.Context(), "env_b"); err != nil {
		t.Errorf("another environment: %v", err)
	}
}

func TestBacklogIsCountedAgainAfterTheClockWasSetBack(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 1)
	id, err := d.accept(t.Context(), "env_a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.accept(t.Context(), "env_a"); err == nil {
		t.Fatal("accepted above the limit")
	}
	d.finish(id)
	d.clock.Add(-time.Hour)
	if _, err := d.accept(t.Context(), "env_a"); err != nil {
		t.Errorf("refused although nothing is unfinished: %v", err)
	}
}

// A caller that counts and is stopped must not leave the others uncounted.
func TestCountThatFailsIsMadeAgain(t *testing.T) {
	t.Parallel()
	d := newDoor(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.accept(ctx, "env_a"); err == nil {
		t.Fatal("accepted for a caller who had left")
	}
	if _, err := d.accept(t.Context(), "env_a"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.accept(t.Context(), "env_a"); err == nil {
		t.Error("accepted above the limit")
	}
}
