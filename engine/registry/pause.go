package registry

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// forever is a gate that only Resume or new settings open.
var forever = time.UnixMicro(math.MaxInt64 / 2)

// refusals are the reasons of pauses by the vendor, which pass by themselves.
// A person's do not.
var refusals = []string{string(domain.ClassUnauthorized), string(domain.ClassMisconfigured)}

// Pause closes the connection's gate with the vendor's reason. Its messages
// wait without spending attempts; Run resumes it when its Check passes. Without
// a reason it is a person's pause, which only a person ends.
func (s *Service) Pause(ctx context.Context, id domain.ConnectionID, e *domain.ConnectorError) error {
	reason, detail, over := "paused", "", []string(nil)
	if e != nil {
		reason, detail, over = string(e.Class), e.Message, refusals
	}
	err := s.cfg.Store.CloseGate(ctx, store.Gate{Key: string(id), ClosedUntil: forever, Reason: reason, Detail: detail}, over...)
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

// Run checks paused connections until ctx ends and resumes those that are well
// again; wake is told then. One node at a time checks a connection, and only a
// node that can.
func (s *Service) Run(ctx context.Context, owner domain.NodeID, checker Checker, wake func()) error {
	timer := time.NewTimer(s.cfg.CheckEvery)
	defer timer.Stop()
	for soon := false; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.nudge:
			// Only the first of many brings the check nearer: else they would put
			// it off for as long as they come.
			if !soon {
				timer.Reset(s.cfg.FirstCheck)
			}
			soon = true
			continue
		case <-timer.C:
		}
		soon = false
		if err := s.checkPaused(ctx, owner, checker, wake); err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("check paused connections", "error", err)
		}
		timer.Reset(s.cfg.CheckEvery)
	}
}

// checksAtOnce bounds the checks of one round: vendors that do not answer must
// not keep the others' connections waiting.
const checksAtOnce = 8

func (s *Service) checkPaused(ctx context.Context, owner domain.NodeID, checker Checker, wake func()) error {
	gates, err := s.cfg.Store.Gates(ctx)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(checksAtOnce)
	for _, g := range gates {
		id := domain.ConnectionID(g.Key)
		if !domain.IsID(domain.PrefixConnection, g.Key) || !slices.Contains(refusals, g.Reason) || s.justResumed(id) {
			continue
		}
		group.Go(func() error { return s.checkOne(ctx, id, owner, checker, wake) })
	}
	return group.Wait()
}

// justResumed keeps a connection whose Check passes while its calls are refused
// from being tried over and over.
func (s *Service) justResumed(id domain.ConnectionID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	ago := s.cfg.Store.Now().Sub(s.resumed[id])
	return ago >= 0 && ago < s.cfg.CheckEvery
}

func (s *Service) checkOne(ctx context.Context, id domain.ConnectionID, owner domain.NodeID, checker Checker, wake func()) error {
	c, err := s.read(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return s.Resume(ctx, id) // nobody's gate
	}
	if err != nil || !checker.Ready(c.Connector, c.Kind) {
		return err
	}
	mine, err := s.cfg.Store.Lease(ctx, "registry.check."+string(id), owner, s.cfg.CheckEvery)
	if err != nil || !mine {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, s.cfg.CheckEvery)
	defer cancel()
	if err := checker.Check(limited, c.Ref()); err != nil {
		s.cfg.Log.Info("connection stays paused", "connection", id, "error", err)
		return nil
	}
	// A person may have paused it meanwhile.
	if err := s.cfg.Store.OpenGate(ctx, string(id), refusals...); err != nil {
		return err
	}
	s.mu.Lock()
	s.resumed[id] = s.cfg.Store.Now()
	s.mu.Unlock()
	s.cfg.Log.Info("connection resumed", "connection", id)
	wake()
	return nil
}
