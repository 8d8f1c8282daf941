package registry

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// forever is a gate that only Resume or new settings open.
var forever = time.UnixMicro(math.MaxInt64 / 2)

// Pause closes the connection's gate with the vendor's reason. Its messages
// wait without spending attempts; Run resumes it when its Check passes.
func (s *Service) Pause(ctx context.Context, id domain.ConnectionID, e *domain.ConnectorError) error {
	reason, detail := "paused", ""
	if e != nil {
		reason, detail = string(e.Class), e.Message
	}
	err := s.cfg.Store.CloseGate(ctx, store.Gate{Key: string(id), ClosedUntil: forever, Reason: reason, Detail: detail})
	if err != nil {
		return err
	}
	s.cfg.Log.Warn("connection paused", "connection", id, "reason", reason, "detail", detail)
	signal(s.nudge)
	return nil
}

// Resume opens the connection's gate.
func (s *Service) Resume(ctx context.Context, id domain.ConnectionID) error {
	return s.cfg.Store.OpenGate(ctx, string(id))
}

// recheck is how often paused connections are checked: soon at first, since
// many refusals pass by themselves, then each half minute.
const (
	firstRecheck = 2 * time.Second
	recheck      = 30 * time.Second
)

// Run checks paused connections until ctx ends and resumes those that are well
// again; wake is told then. One node at a time does it.
func (s *Service) Run(ctx context.Context, owner domain.NodeID, checker Checker, wake func()) error {
	wait := recheck
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-s.nudge:
			timer.Stop()
			wait = firstRecheck
			continue
		case <-timer.C:
		}
		wait = recheck
		if err := s.checkPaused(ctx, owner, checker, wake); err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("check paused connections", "error", err)
		}
	}
}

func (s *Service) checkPaused(ctx context.Context, owner domain.NodeID, checker Checker, wake func()) error {
	gates, err := s.cfg.Store.Gates(ctx)
	if err != nil || len(gates) == 0 {
		return err
	}
	mine, err := s.cfg.Store.Lease(ctx, "registry.recheck", owner, 2*recheck)
	if err != nil || !mine {
		return err
	}
	var errs []error
	for _, g := range gates {
		if !domain.IsID(domain.PrefixConnection, g.Key) || !refused(g.Reason) {
			continue
		}
		errs = append(errs, s.checkOne(ctx, domain.ConnectionID(g.Key), checker, wake))
	}
	return errors.Join(errs...)
}

func (s *Service) checkOne(ctx context.Context, id domain.ConnectionID, checker Checker, wake func()) error {
	c, err := s.read(ctx, id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, recheck)
	defer cancel()
	if err := checker.Check(ctx, c.Ref()); err != nil {
		s.cfg.Log.Info("connection stays paused", "connection", id, "error", err)
		return nil
	}
	if err := s.Resume(ctx, id); err != nil {
		return err
	}
	s.cfg.Log.Info("connection resumed", "connection", id)
	wake()
	return nil
}

// refused tells pauses by the vendor from those by a person.
func refused(reason string) bool {
	return reason == string(domain.ClassUnauthorized) || reason == string(domain.ClassMisconfigured)
}
