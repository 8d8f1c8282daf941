package callback

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/store"
)

// Delivery is one claimed delivery: an event on its way to one receiver.
type Delivery struct {
	work       domain.Work
	event      domain.Event
	sequence   int64
	url        string // of the callback_url, or of the endpoint when it was made
	attempts   int
	endpointID domain.EndpointID

	to receiver
}

// Load reads what a batch of claimed deliveries needs.
func (s *Service) Load(ctx context.Context, rows []domain.Work) (map[domain.WorkID]*Delivery, error) {
	out, unknown := s.recall(rows)
	if err := readDeliveries(ctx, s.cfg.Store.Reader(), unknown, out); err != nil {
		return nil, fmt.Errorf("load deliveries: %w", err)
	}
	var ids []domain.EndpointID
	for _, d := range out {
		if d.endpointID != "" {
			ids = append(ids, d.endpointID)
		}
	}
	endpoints, err := s.receivers(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, d := range out {
		var err error
		if d.to, err = s.receiver(ctx, d, endpoints[d.endpointID]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Deliver makes one attempt and stores what came of it. A delivery whose result
// cannot be stored is attempted again: at least once. One whose receiver is
// gone ends; one that finds no place waits, and no attempt is spent on it.
func (s *Service) Deliver(ctx context.Context, d *Delivery) {
	if reason := d.to.abandoned; reason != "" {
		s.abandon(ctx, d, reason)
		return
	}
	bounds := d.to.bounds()
	if wait := s.pace.enter(s.cfg.Store.Now(), bounds...); wait > 0 {
		s.putOff(ctx, d, wait)
		return
	}
	failpoint.Hit(failpoint.DeliveryStarted)
	started := s.cfg.Store.Now()
	result := s.attempt(ctx, d)
	failpoint.Hit(failpoint.DeliveryAnswered)
	s.pace.leave(result.Duration, bounds...)
	if result.Reason == ReasonCanceled {
		return // nobody's attempt: the claim is released when this node leaves
	}
	s.settle(ctx, d, started, result)
}

func (s *Service) attempt(ctx context.Context, d *Delivery) Result {
	body, err := d.to.format.Render(d.event, d.sequence)
	if err != nil {
		return Result{Class: ClassRefused, Reason: ReasonFormat, Cause: err}
	}
	request := d.to.Request
	request.EventID, request.EventType, request.Body = d.event.ID, d.event.Type, body
	request.Timeout = failpoint.Scale(request.Timeout) // a claim's lease is of the engine's clock
	return s.cfg.Sender.Send(ctx, request)
}

// settle stores an attempt and what follows from it.
func (s *Service) settle(ctx context.Context, d *Delivery, started time.Time, result Result) {
	number := d.attempts + 1
	now := s.cfg.Store.Now()
	status, due := s.follow(d, number, result, now)
	change := d.ends(status, due)
	change.Add(
		deliveryStep{ID: domain.DeliveryID(d.work.ID), Status: status, Attempts: 1, Result: result, At: now, NextAt: due},
		deliveryAttempt{Delivery: domain.DeliveryID(d.work.ID), URL: d.to.URL, Number: number, StartedAt: started, Result: result, NextAt: due},
	)
	err := s.store(ctx, d, s.withHealth(d, change, result, now))
	if isChanged(err) { // somebody else has disabled the endpoint: the attempt is stored all the same
		err = s.store(ctx, d, change)
	}
	if err != nil {
		s.cfg.Log.Warn("store attempt", "delivery", d.work.ID, "error", err)
	}
	failpoint.Hit(failpoint.Settled)
	s.log(ctx, d, number, status, result)
	s.noteHost(ctx, d, result, now)
	s.cfg.Observe(Attempted{
		Delivery: domain.DeliveryID(d.work.ID), Endpoint: d.endpointID, Event: d.event, URL: d.to.URL, Number: number, Result: result, Status: status,
	})
}

// log writes the one line of an attempt. What ended without arriving is a
// warning: nobody else may notice.
func (s *Service) log(ctx context.Context, d *Delivery, number int, status Status, r Result) {
	level := slog.LevelDebug
	switch {
	case failed(status):
		level = slog.LevelWarn
	case status == StatusPending:
		level = slog.LevelInfo
	}
	if !s.cfg.Log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("delivery", string(d.work.ID)), slog.String("event", string(d.event.ID)), slog.String("type", d.event.Type),
		slog.String("environment", string(d.event.Environment)), slog.String("webhook", string(d.endpointID)), slog.String("host", hostGate(d.to.URL)),
		slog.Int("attempt", number), slog.String("delivery_status", string(status)), slog.Int("status", r.Status), slog.String("reason", string(r.Reason)),
		slog.Duration("duration", r.Duration),
	}
	if r.Cause != nil {
		attrs = append(attrs, slog.Any("error", r.Cause))
	}
	var refused *BlockedError
	if errors.As(r.Cause, &refused) && refused.Address.IsValid() {
		attrs = append(attrs, slog.String("address", refused.Address.String()))
	}
	s.cfg.Log.LogAttrs(ctx, level, "attempt", attrs...)
}

// follow says where a delivery stands after an attempt, and when the next one
// is due.
func (s *Service) follow(d *Delivery, number int, r Result, now time.Time) (status Status, due time.Time) {
	switch r.Class {
	case ClassDelivered:
		return StatusDelivered, time.Time{}
	case ClassRetry:
		wait, again := d.to.retry.Next(number, r.RetryAfter)
		if !again {
			return StatusExhausted, time.Time{}
		}
		return StatusPending, now.Add(wait)
	default:
		return StatusRefused, time.Time{}
	}
}

// ends is the change of the delivery's work: done, or due again.
func (d *Delivery) ends(status Status, due time.Time) domain.Change {
	w := &domain.WorkChange{ID: d.work.ID, Epoch: d.work.Epoch, Move: domain.MoveDone, Stage: StageDeliver, Lane: d.work.Lane}
	if status == StatusPending {
		w.Move, w.DueAt, w.Answered = domain.MoveWait, due, true
	}
	return domain.Change{Work: w}
}

// putOff lets a delivery wait for a place.
func (s *Service) putOff(ctx context.Context, d *Delivery, wait time.Duration) {
	if err := s.store(ctx, d, d.ends(StatusPending, s.cfg.Store.Now().Add(wait))); err != nil {
		s.cfg.Log.Warn("put delivery off", "delivery", d.work.ID, "error", err)
	}
}

// abandon ends a delivery whose endpoint was deleted or is not active.
func (s *Service) abandon(ctx context.Context, d *Delivery, reason Reason) {
	now := s.cfg.Store.Now()
	change := d.ends(StatusAbandoned, time.Time{})
	change.Add(deliveryStep{ID: domain.DeliveryID(d.work.ID), Status: StatusAbandoned, Result: Result{Class: ClassRefused, Reason: reason}, At: now})
	if err := s.store(ctx, d, change); err != nil {
		s.cfg.Log.Warn("abandon delivery", "delivery", d.work.ID, "error", err)
	}
}

// store tries while the store is away, until the lease has ended; then another
// node attempts the delivery again. What is fenced off after a commit of unknown
// outcome was stored by that commit, or is somebody else's by now.
func (s *Service) store(ctx context.Context, d *Delivery, change domain.Change) error {
	unknown := false
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := s.cfg.Applier.Apply(ctx, change)
		if err == nil || unknown && errors.Is(err, store.ErrStale) {
			return nil
		}
		unknown = unknown || errors.Is(err, store.ErrUnknown)
		away := errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrUnknown)
		if !away || ctx.Err() != nil || !s.cfg.Store.Now().Before(d.work.LeaseUntil) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
