package pull

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/store"
)

// endFor is how long the end of a run may take to be stored when the node stops.
const endFor = 5 * time.Second

// errMoved: another node reads the stream by now, or its connection is deleted.
var errMoved = errors.New("pull: the stream is somebody else's by now")

// reader is one run under way.
type reader struct {
	// What the keeper uses too does not change.
	s          *Service
	connection Connection
	key        streamKey
	id         domain.RunID

	cursor   []byte
	failures int64
	run      Run
	// broken is why a batch could not be stored.
	broken error
}

// read holds the stream's lease for one run.
func (s *Service) read(ctx context.Context, c Connection, k streamKey) {
	mine, err := s.cfg.Store.Lease(ctx, k.lease(), s.cfg.Node, s.cfg.Lease)
	if err == nil && !mine {
		return
	}
	var r *reader
	if err == nil {
		r, err = s.opened(ctx, c, k)
	}
	if r != nil {
		r.follow(ctx)
		return
	}
	if mine {
		s.giveBack(ctx, k)
	}
	if err != nil && !moved(err) && ctx.Err() == nil {
		s.cfg.Log.Warn("begin to read a stream", "connection", k.connection, "stream", k.stream, "error", err)
	}
}

// moved reports whether somebody else was faster, which is no fault.
func moved(err error) bool { return errors.Is(err, errMoved) || errors.Is(err, store.ErrStale) }

func (s *Service) giveBack(ctx context.Context, k streamKey) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endFor)
	defer cancel()
	if err := s.cfg.Store.Write(ctx, []store.Statement{store.FreedLease(k.lease(), s.cfg.Node)}); err != nil {
		s.cfg.Log.Warn("give a lease back", "lease", k.lease(), "error", err)
	}
}

// opened begins a run, or answers nil when there is no need of one after all: what
// the node knew may be seconds old.
func (s *Service) opened(ctx context.Context, c Connection, k streamKey) (*reader, error) {
	c, open, err := s.cfg.Connections.Reopen(ctx, c)
	if err != nil || !open {
		return nil, err
	}
	is, err := s.state(ctx, k)
	if err != nil {
		return nil, err
	}
	now := s.cfg.Store.Now()
	if is.dueAt.After(now) {
		return nil, nil
	}
	last, err := s.lastRun(ctx, is.run)
	if err != nil {
		return nil, err
	}
	run := s.next(c, k, is, last, now)
	r := &reader{s: s, connection: c, key: k, id: run.ID, cursor: is.cursor, failures: is.failures, run: run}
	if err := s.cfg.Store.Write(ctx, r.began(is, last)); err != nil {
		return nil, err
	}
	return r, nil
}

// next is the run that follows the last one. What was interrupted goes on for
// whoever had asked for it.
func (s *Service) next(c Connection, k streamKey, is state, last Run, now time.Time) Run {
	run := Run{
		ID: is.asked, Connection: k.connection, Environment: c.Environment, Stream: k.stream, Cause: CauseManual,
		State: StateRunning, Node: s.cfg.Node, StartedAt: now, ProgressAt: now, AskedAt: now, Remaining: -1,
	}
	if run.ID == "" {
		run.ID, run.Cause = domain.NewID[domain.RunID](domain.PrefixRun), CauseSchedule
		if last.State == StateRunning || last.State == StateInterrupted {
			run.Cause, run.Actor = last.Cause, last.Actor
		}
	}
	return run
}

// follow asks the connector until it has caught up, and stores how that ended.
func (r *reader) follow(ctx context.Context) {
	reading, stop := context.WithCancelCause(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		r.keep(reading, stop)
	}()
	e := r.readAll(reading)
	cut := context.Cause(reading)
	stop(nil)
	<-kept
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endFor)
	defer cancel()
	switch {
	case errors.Is(r.broken, errMoved), errors.Is(cut, errMoved):
		r.s.cfg.Log.Info("a stream is read by another node, or its connection is deleted", "connection", r.key.connection, "stream", r.key.stream)
		r.s.giveBack(ending, r.key)
		r.observe(StateInterrupted, nil)
	case cut != nil:
		r.end(ending, StateInterrupted, nil)
	case r.broken != nil:
		r.s.cfg.Log.Warn("a batch of a stream was not stored", "connection", r.key.connection, "stream", r.key.stream, "error", r.broken)
		r.end(ending, StateFailed, &domain.ConnectorError{Class: domain.ClassInternal, Code: "batch_not_stored", Message: "a batch could not be stored; the engine's log says why"})
	case e != nil:
		r.end(ending, StateFailed, e)
	default:
		r.end(ending, StateDone, nil)
	}
}

// keep renews the lease, and stops the run when that is lost, the connection is not
// open any more, or the node shall rest.
func (r *reader) keep(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(failpoint.Scale(r.s.cfg.Lease / 5))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, open, err := r.s.cfg.Connections.Reopen(ctx, r.connection)
		switch {
		case err == nil && !open:
			stop(errors.New("the connection is paused, disabled or deleted"))
			return
		case r.s.cfg.Rest():
			stop(errors.New("an operator drains the node"))
			return
		}
		err = r.s.cfg.Store.Write(ctx, r.renewed())
		if errors.Is(err, store.ErrStale) {
			stop(errMoved)
			return
		}
		if err != nil && ctx.Err() == nil {
			r.s.cfg.Log.Warn("renew the lease of a stream", "lease", r.key.lease(), "error", err)
		}
	}
}

// readAll pulls until the connector has caught up; nil says that it has.
func (r *reader) readAll(ctx context.Context) *domain.ConnectorError {
	for {
		before, batches, caughtUp := string(r.cursor), 0, false
		out := r.s.cfg.Connectors.Pull(ctx, domain.Pull{Connection: r.connection.Ref, Stream: r.key.stream, Cursor: r.cursor}, func(b domain.PullBatch) bool {
			batches, caughtUp = batches+1, b.CaughtUp
			r.broken = r.store(ctx, b)
			return r.broken == nil && ctx.Err() == nil
		})
		switch {
		case r.broken != nil || ctx.Err() != nil:
			return nil
		case out.Class != domain.ClassResult:
			return out.Error
		case caughtUp || batches == 0:
			return nil
		case string(r.cursor) == before:
			return &domain.ConnectorError{Class: domain.ClassInternal, Code: "pull_stuck", Message: "the connector says that there is more and gives neither records nor another cursor"}
		}
	}
}

// end stores how the run ended and gives the lease back.
func (r *reader) end(ctx context.Context, state State, e *domain.ConnectorError) {
	now := r.s.cfg.Store.Now()
	r.run.State, r.run.EndedAt, r.run.Error = state, now, e
	due := now
	switch state {
	case StateDone:
		r.failures = 0
		due = dueNext(r.connection, r.run.StartedAt)
	case StateFailed:
		r.failures++
		due = dueAfter(r.connection, now, r.failures, e)
	}
	if err := r.s.cfg.Store.Write(ctx, r.ended(due)); err != nil {
		// The lease lapses, and whoever takes it says that this run was interrupted.
		r.s.cfg.Log.Warn("store the end of a read", "connection", r.key.connection, "stream", r.key.stream, "error", fmt.Errorf("%s: %w", state, err))
	}
	r.pause(ctx, e)
	r.observe(state, e)
}

// pause stops a connection that the vendor refuses.
func (r *reader) pause(ctx context.Context, e *domain.ConnectorError) {
	if e == nil || e.Class != domain.ClassUnauthorized && e.Class != domain.ClassMisconfigured {
		return
	}
	if err := r.s.cfg.Connections.Pause(ctx, r.key.connection, e); err != nil {
		r.s.cfg.Log.Error("pause connection", "connection", r.key.connection, "error", err)
	}
}

func (r *reader) observe(state State, e *domain.ConnectorError) {
	o := Observation{
		Connector: r.connection.Ref.Connector, Cause: r.run.Cause, State: state,
		Read: r.run.Read, New: r.run.New, Changed: r.run.Changed, Took: r.s.cfg.Store.Now().Sub(r.run.StartedAt),
	}
	if e != nil {
		o.Class = e.Class
	}
	r.s.cfg.Observe(o)
}
