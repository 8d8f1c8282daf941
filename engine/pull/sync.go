package pull

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Refusals.
var (
	ErrNoStreams = &domain.Error{Kind: domain.KindConflict, Code: "no_streams",
		Detail: "The connector has no streams: there is nothing to read."}
	ErrStream   = &domain.Error{Kind: domain.KindInvalid, Code: "invalid_body"}
	ErrNotReady = &domain.Error{Kind: domain.KindUnavailable, Code: "connector_not_ready", RetryAfter: 3 * time.Second,
		Detail: "The connector is not installed on this node. Ask again after the time in Retry-After, or another node."}
)

// deedSync is what the audit calls a run that a person asks for.
const deedSync = "connection.sync"

// maxAsks bounds how often a request is tried while others ask for the same.
const maxAsks = 8

// errAsked: another request or a run was faster.
var errAsked = errors.New("pull: the stream has moved on meanwhile")

// Sync asks for a run of each stream, or of one, now. One that is under way or asked
// for already is answered instead. A node that can read the stream begins within
// seconds.
func (s *Service) Sync(ctx context.Context, c Connection, stream, actor string) ([]Run, error) {
	names, err := s.named(c, stream)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		runs, err := s.ask(ctx, c, names, actor)
		if err == nil {
			select {
			case s.nudge <- struct{}{}:
			default:
			}
			return runs, nil
		}
		if !errors.Is(err, errAsked) || try == maxAsks {
			return nil, fmt.Errorf("ask for a run of %s: %w", c.Ref.ID, err)
		}
	}
}

// named are the streams that a request means.
func (s *Service) named(c Connection, stream string) (names []string, err error) {
	m, ok := s.cfg.Connectors.Manifest(c.Ref.Connector, c.Ref.Environment)
	if !ok {
		return nil, ErrNotReady
	}
	var all []string
	for _, declared := range m.Streams {
		if stream == "" || declared.Name == stream {
			names = append(names, declared.Name)
		}
		all = append(all, declared.Name)
	}
	switch {
	case len(all) == 0:
		return nil, ErrNoStreams.Detailed(fmt.Sprintf("The connector %s has no streams: there is nothing to read.", m.Name))
	case len(names) == 0:
		e := ErrStream.Detailed("The body breaks the rules that errors lists. Nothing was done.")
		e.Fields = []domain.FieldError{{
			Pointer: "/stream", Code: "stream_unknown", Detail: "is no stream of the connector " + m.Name, Fix: "use one of " + strings.Join(all, ", "),
		}}
		return nil, e
	}
	return names, nil
}

// ask queues runs of the streams that have none, all in one transaction.
func (s *Service) ask(ctx context.Context, c Connection, names []string, actor string) (runs []Run, err error) {
	now := s.cfg.Store.Now()
	var statements written
	for _, name := range names {
		run, more, err := s.askOne(ctx, c, name, actor, now)
		if err != nil {
			return nil, err
		}
		runs, statements = append(runs, run), append(statements, more...)
	}
	if len(statements) == 0 {
		return runs, nil
	}
	return runs, s.cfg.Applier.Apply(ctx, domain.Change{Parts: []domain.Part{statements, domain.AuditEntry{
		Environment: c.Environment, Actor: actor, Action: deedSync, Subject: string(c.Ref.ID), Detail: strings.Join(names, ", "), At: now,
	}}})
}

// askOne answers the run that there is, or a new one with what stores it.
func (s *Service) askOne(ctx context.Context, c Connection, stream, actor string, now time.Time) (Run, []store.Statement, error) {
	is, err := s.state(ctx, streamKey{c.Ref.ID, stream})
	if err != nil && !errors.Is(err, errMoved) {
		return Run{}, nil, err
	}
	there := is.asked
	if there == "" {
		there = is.run
	}
	last, err := s.lastRun(ctx, there)
	if err != nil {
		return Run{}, nil, err
	}
	// A run whose lease has ended is nobody's; the new one ends it.
	if last.State == StateQueued || last.State == StateRunning && is.dueAt.After(now) {
		return last, nil, nil
	}
	run := Run{
		ID: domain.NewID[domain.RunID](domain.PrefixRun), Connection: c.Ref.ID, Environment: c.Environment, Stream: stream,
		Cause: CauseManual, Actor: actor, State: StateQueued, AskedAt: now, Remaining: -1,
	}
	return run, []store.Statement{asked(c, stream, is, run, now), run.row()}, nil
}

// asked makes a stream due for a run, which none of it may have begun since.
func asked(c Connection, stream string, is state, run Run, now time.Time) store.Statement {
	return store.Statement{
		SQL: `INSERT INTO pull_stream (connection_id, stream, environment_id, cursor, cursor_version, poll_seconds, due_at, failures, run_id, asked_run, gone_at)
VALUES ($1, $2, $3, $4, '', $5, $6, 0, '', $7, 0)
ON CONFLICT (connection_id, stream) DO UPDATE SET asked_run = excluded.asked_run, due_at = excluded.due_at
WHERE pull_stream.asked_run = '' AND pull_stream.run_id = $8 AND pull_stream.gone_at = 0`,
		Args: []any{c.Ref.ID, stream, c.Environment, []byte{}, seconds(c.Every), domain.Micros(now), run.ID, is.run}, Rows: 1, Err: errAsked,
	}
}
