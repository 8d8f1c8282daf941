package fleet

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/store"
)

// Order is what operators ask of a connector, and who asked last.
type Order struct {
	Want     pluginhost.Want
	Restarts int64
	LogLevel string // "" when it was never asked for
	Reason   string
	Actor    string
	At       time.Time
}

// Action is what an operator does to a connector.
type Action string

// The actions.
const (
	ActionRestart Action = "restart" // a new process on every node, after the calls in flight
	ActionPause   Action = "pause"   // no new work is read
	ActionResume  Action = "resume"  // ends a pause or a stop
	ActionStop    Action = "stop"    // no process on any node

	ActionReload   Action = "reload"    // the version that this node's folder has becomes the active one
	ActionRollback Action = "rollback"  // the version that was active before becomes it again
	ActionLogLevel Action = "log_level" // Asked.Level is that of the connector's lines
)

// Asked is one action with who asked for it.
type Asked struct {
	Connector   string
	Environment domain.Environment // of the one who asks: its kind is meant
	Action      Action
	Reason      string
	Level       string // of ActionLogLevel: debug, info, warn or error
	Actor       string
}

// Ask stores an action, with its entry in the audit, for all nodes.
func (s *Service) Ask(ctx context.Context, a Asked) error {
	now := s.cfg.Store.Now()
	part, detail, err := s.part(ctx, a, now)
	if err == nil {
		err = s.cfg.Applier.Apply(ctx, domain.Change{Parts: []domain.Part{part, domain.AuditEntry{
			Environment: a.Environment.ID, Actor: a.Actor, Action: "connector." + string(a.Action), Subject: a.Connector, Detail: joined(detail, a.Reason), At: now,
		}}})
	}
	if err != nil {
		return fmt.Errorf("order %s of %s: %w", a.Action, a.Connector, err)
	}
	s.try(ctx, "obey orders", s.Obey) // the other nodes look within seconds
	return nil
}

// part is what an action leaves in the store, with what the audit says of it beside
// the reason.
func (s *Service) part(ctx context.Context, a Asked, now time.Time) (domain.Part, string, error) {
	switch a.Action {
	case ActionReload:
		return s.reload(a, now)
	case ActionRollback:
		return s.rollback(ctx, a, now)
	default:
		return orderPart{Asked: a, At: now}, a.Level, nil
	}
}

func joined(detail, reason string) string {
	if detail == "" || reason == "" {
		return detail + reason
	}
	return detail + ": " + reason
}

const partOrder domain.PartKind = "connector_order"

type orderPart struct {
	Asked
	At time.Time
}

func (orderPart) PartOf() domain.PartKind { return partOrder }

// wants is what the action leaves the connector to do; a restart ends no pause, and
// neither does another level of its log.
func (a Action) wants() (want pluginhost.Want, restarts int64) {
	switch a {
	case ActionPause:
		return pluginhost.WantPause, 0
	case ActionStop:
		return pluginhost.WantStop, 0
	case ActionRestart:
		return "", 1
	case ActionLogLevel:
		return "", 0
	default:
		return pluginhost.WantRun, 0
	}
}

func writeOrder(p domain.Part) ([]store.Statement, error) {
	o := p.(orderPart)
	want, restarts := o.Action.wants()
	return []store.Statement{{
		SQL: `INSERT INTO connector_order (connector, environment_kind, want, restarts, log_level, reason, actor, ordered_at)
VALUES ($1, $2, CASE WHEN $3 = '' THEN 'run' ELSE $3 END, $4, $5, $6, $7, $8)
ON CONFLICT (connector, environment_kind) DO UPDATE SET want = CASE WHEN $3 = '' THEN connector_order.want ELSE $3 END,
 restarts = connector_order.restarts + excluded.restarts,
 log_level = CASE WHEN excluded.log_level = '' THEN connector_order.log_level ELSE excluded.log_level END, reason = excluded.reason, actor = excluded.actor, ordered_at = excluded.ordered_at`,
		Args: []any{o.Connector, o.Environment.Kind, string(want), restarts, o.Level, o.Reason, o.Actor, domain.Micros(o.At)}, Rows: 1,
	}}, nil
}

func (s *Service) orders(ctx context.Context) (map[key]Order, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT connector, environment_kind, want, restarts, log_level, reason, actor, ordered_at FROM connector_order`)
	if err != nil {
		return nil, fmt.Errorf("read orders: %w", err)
	}
	defer rows.Close()
	out := map[key]Order{}
	for rows.Next() {
		var k key
		var o Order
		var at int64
		if err := rows.Scan(&k.connector, &k.kind, &o.Want, &o.Restarts, &o.LogLevel, &o.Reason, &o.Actor, &at); err != nil {
			return nil, err
		}
		o.At = domain.FromMicros(at)
		out[k] = o
	}
	return out, rows.Err()
}
