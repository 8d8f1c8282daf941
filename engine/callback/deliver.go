package callback

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/store"
)

// Delivery is one claimed delivery: an event on its way to one URL.
type Delivery struct {
	work     domain.Work
	event    domain.Event
	sequence int64
	url      string
	attempts int
	secrets  []string
	policy   Policy
}

// Load reads what a batch of claimed deliveries needs.
func (s *Service) Load(ctx context.Context, rows []domain.Work) (map[domain.WorkID]*Delivery, error) {
	out, err := readDeliveries(ctx, s.cfg.Store.Reader(), rows)
	if err != nil {
		return nil, fmt.Errorf("load deliveries: %w", err)
	}
	for _, d := range out {
		d.secrets, d.policy, err = s.cfg.Environments.Signing(ctx, d.event.Environment)
		if err != nil {
			return nil, fmt.Errorf("signing secrets of %s: %w", d.event.Environment, err)
		}
	}
	return out, nil
}

// Deliver makes one attempt and stores what came of it. A delivery whose
// result cannot be stored is attempted again: at least once.
func (s *Service) Deliver(ctx context.Context, d *Delivery) {
	number := d.attempts + 1
	started := s.cfg.Store.Now()
	result := s.cfg.Sender.Send(ctx, Request{
		URL: d.url, EventID: d.event.ID, Body: Render(d.event, d.sequence),
		Secrets: d.secrets, Timeout: s.cfg.Timeout, Policy: d.policy,
	})
	if result.Reason == ReasonCanceled {
		return // nobody's attempt: the claim is released when this node leaves
	}
	now := s.cfg.Store.Now()
	verdict, due := s.verdict(number, result, now)
	change := domain.Change{
		Work: &domain.WorkChange{ID: d.work.ID, Epoch: d.work.Epoch, Move: domain.MoveDone, Stage: StageDeliver},
		Parts: []domain.Part{
			deliveryStep{ID: domain.DeliveryID(d.work.ID), Status: statusOf(verdict), At: now},
			deliveryAttempt{Delivery: domain.DeliveryID(d.work.ID), Number: number, StartedAt: started, Result: result, NextAt: due},
		},
	}
	if verdict == "retry" {
		change.Work.Move, change.Work.DueAt, change.Work.Answered = domain.MoveWait, due, true
	}
	s.store(ctx, d, change)
	failpoint.Hit(failpoint.Settled)
	s.cfg.Observe(Attempted{
		Delivery: domain.DeliveryID(d.work.ID), Event: d.event, URL: d.url, Number: number, Result: result, Verdict: verdict,
	})
}

// verdict says what follows an attempt, and when the next one is due.
func (s *Service) verdict(number int, r Result, now time.Time) (verdict string, due time.Time) {
	switch r.Class {
	case ClassDelivered:
		return "delivered", time.Time{}
	case ClassRetry:
		wait, again := s.schedule.Next(number, r.RetryAfter)
		if !again {
			return "exhausted", time.Time{}
		}
		return "retry", now.Add(wait)
	default:
		return "refused", time.Time{}
	}
}

func statusOf(verdict string) string {
	if verdict == "retry" {
		return "pending"
	}
	return verdict
}

// store tries while the store is away, until the lease has ended; then another
// node attempts the delivery again.
func (s *Service) store(ctx context.Context, d *Delivery, change domain.Change) {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := s.cfg.Applier.Apply(ctx, change)
		if err == nil {
			return
		}
		away := errors.Is(err, store.ErrUnavailable)
		if !away || ctx.Err() != nil || !s.cfg.Store.Now().Before(d.work.LeaseUntil) {
			s.cfg.Log.Warn("store attempt", "delivery", d.work.ID, "error", err)
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
