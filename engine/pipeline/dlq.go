package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// HeldMessage is one row of the dead-letter queue: a message that waits for a
// person, and what the person can do.
type HeldMessage struct {
	Message       domain.MessageID
	Resource      string
	Flow          string
	Connection    domain.ConnectionID
	Stage         domain.Stage
	Reason        string
	Advice        string
	LastError     json.RawMessage
	Attempts      int
	FirstFailedAt time.Time
	HeldAt        time.Time
	// SettlesAt is when an attempt in doubt may be resolved or sent again;
	// zero when none is in doubt.
	SettlesAt time.Time
	// open is the attempt in doubt.
	open *attempt
}

// HeldFilter selects held messages of one environment.
type HeldFilter struct {
	Messages   []domain.MessageID // at most 500
	Reason     string
	Stage      domain.Stage
	Connection domain.ConnectionID
	HeldSince  time.Time
	HeldUntil  time.Time
	After      domain.MessageID // cursor
	Limit      int              // default 50, at most 500
}

const maxHeldPage = 500

// Held lists held messages, oldest first.
func (p *Pipeline) Held(ctx context.Context, env domain.EnvironmentID, f HeldFilter) ([]HeldMessage, error) {
	if f.Limit <= 0 || f.Limit > maxHeldPage {
		f.Limit = 50
	}
	where, args := f.where(env)
	args = append(args, int64(f.Limit))
	messages, err := scanMessages(p.cfg.Store.Reader().Query(ctx,
		fmt.Sprintf(`SELECT %s FROM message WHERE %s ORDER BY id LIMIT $%d`, messageColumns, where, len(args)), args...))
	if err != nil {
		return nil, fmt.Errorf("list held messages: %w", err)
	}
	ids := make([]domain.MessageID, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	attempts, err := readAttempts(ctx, p.cfg.Store.Reader(), ids)
	if err != nil {
		return nil, fmt.Errorf("list attempts: %w", err)
	}
	out := make([]HeldMessage, len(messages))
	for i, m := range messages {
		out[i] = describe(m, attempts)
	}
	return out, nil
}

func (f HeldFilter) where(env domain.EnvironmentID) (string, []any) {
	args := []any{env}
	conditions := []string{`environment_id = $1`, `status = 'held'`}
	add := func(column, operator string, v any) {
		args = append(args, v)
		conditions = append(conditions, fmt.Sprintf("%s %s $%d", column, operator, len(args)))
	}
	if f.Reason != "" {
		add("held_reason", "=", f.Reason)
	}
	if f.Stage != "" {
		add("stage", "=", f.Stage)
	}
	if f.Connection != "" {
		add("connection_id", "=", f.Connection)
	}
	if !f.HeldSince.IsZero() {
		add("held_at", ">=", domain.Micros(f.HeldSince))
	}
	if !f.HeldUntil.IsZero() {
		add("held_at", "<", domain.Micros(f.HeldUntil))
	}
	if f.After != "" {
		add("id", ">", f.After)
	}
	if len(f.Messages) > 0 {
		marks := make([]string, len(f.Messages))
		for i, id := range f.Messages {
			args = append(args, id)
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		conditions = append(conditions, "id IN ("+strings.Join(marks, ", ")+")")
	}
	return strings.Join(conditions, " AND "), args
}

func describe(m domain.Message, attempts []*attempt) HeldMessage {
	h := HeldMessage{
		Message: m.ID, Resource: m.Resource, Flow: m.Flow, Connection: m.Connection, Stage: m.Stage,
		Reason: m.HeldReason, Advice: advice[heldReason(m.HeldReason)], LastError: m.LastError,
		FirstFailedAt: m.FirstFailedAt, HeldAt: m.HeldAt,
	}
	for _, a := range attempts {
		if a.Message != m.ID {
			continue
		}
		h.Attempts++
		if a.Outcome == "" {
			h.SettlesAt, h.open = a.SettlesAt, a
		}
	}
	return h
}

// HeldStats counts held messages of one environment.
type HeldStats struct {
	Total    int            `json:"total"`
	ByReason map[string]int `json:"byReason"`
	ByStage  map[string]int `json:"byStage"`
	Oldest   time.Time      `json:"-"`
}

// HeldStats counts held messages by reason and by stage.
func (p *Pipeline) HeldStats(ctx context.Context, env domain.EnvironmentID) (HeldStats, error) {
	s := HeldStats{ByReason: map[string]int{}, ByStage: map[string]int{}}
	rows, err := p.cfg.Store.Reader().Query(ctx,
		`SELECT held_reason, stage, COUNT(*), MIN(held_at) FROM message WHERE environment_id = $1 AND status = 'held' GROUP BY held_reason, stage`, env)
	if err != nil {
		return s, fmt.Errorf("count held messages: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var reason, stage string
		var n, oldest int64
		if err := rows.Scan(&reason, &stage, &n, &oldest); err != nil {
			return s, err
		}
		s.Total += int(n)
		s.ByReason[reason] += int(n)
		s.ByStage[stage] += int(n)
		if at := domain.FromMicros(oldest); s.Oldest.IsZero() || at.Before(s.Oldest) {
			s.Oldest = at
		}
	}
	return s, rows.Err()
}

// Replayed is what became of a replay.
type Replayed struct {
	Replayed []domain.MessageID
	// Refused says why a message was not replayed.
	Refused map[domain.MessageID]*domain.Error
}

// Replay gives held messages back to the workers. A stage that was ever sent
// re-enters at its look-up; resend, a person's decision, sends it again
// instead and is refused while a request could still arrive.
func (p *Pipeline) Replay(ctx context.Context, env domain.EnvironmentID, f HeldFilter, resend bool, actor string) (Replayed, error) {
	out := Replayed{Refused: map[domain.MessageID]*domain.Error{}}
	if f.Limit <= 0 {
		f.Limit = maxHeldPage
	}
	held, err := p.Held(ctx, env, f)
	if err != nil {
		return out, err
	}
	for _, h := range held {
		err := p.replayOne(ctx, env, h, resend, actor)
		var refused *domain.Error
		switch {
		case err == nil:
			out.Replayed = append(out.Replayed, h.Message)
		case asError(err, &refused):
			out.Refused[h.Message] = refused
		default:
			return out, fmt.Errorf("replay %s: %w", h.Message, err)
		}
	}
	for _, id := range f.Messages {
		if _, refused := out.Refused[id]; !refused && !slices.Contains(out.Replayed, id) {
			out.Refused[id] = ErrNotHeld
		}
	}
	return out, nil
}

func (p *Pipeline) replayOne(ctx context.Context, env domain.EnvironmentID, h HeldMessage, resend bool, actor string) error {
	now := p.now()
	if resend && now.Before(h.SettlesAt) {
		return settling(h.SettlesAt)
	}
	w, _, err := p.cfg.Store.WorkOf(ctx, domain.WorkID(h.Message))
	if err != nil {
		return notHeldWhenGone(err)
	}
	flow, ok := p.flows[h.Flow]
	if !ok {
		return ErrNotHeld
	}
	forget := resend && h.open != nil
	change := domain.Change{Parts: []domain.Part{
		domain.WorkRelease{ID: w.ID, DueAt: now, Forget: forget, Refused: ErrNotHeld},
		messageOpen{ID: h.Message, At: now},
	}}
	action := "message.replay"
	if forget {
		action = "message.resend"
		change.Add(attemptEnd{attemptKey: h.open.attemptKey, Outcome: outcomeNotDone, At: now, State: h.open.State, AndNoLate: unanswered(flow, h.open)})
	}
	change.Add(flow.Release(h.Resource, now)...)
	change.Add(domain.AuditEntry{Environment: env, Actor: actor, Action: action, Subject: string(h.Message), At: now})
	return refusal(p.cfg.Applier.Apply(ctx, change))
}

func notHeldWhenGone(err error) error {
	if isNotFound(err) {
		return ErrNotHeld
	}
	return err
}

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
