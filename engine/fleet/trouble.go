package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// EventDegraded and EventRecovered tell the environments that use a connector.
const (
	EventDegraded  = schemas.EventConnectorDegraded
	EventRecovered = schemas.EventConnectorRecovered
)

// troubled are the states that are told of.
func troubled(s pluginhost.State) bool {
	return s == pluginhost.StateDegraded || s == pluginhost.StateCrashLoop || s == pluginhost.StateIncompatible
}

// tell stores that connectors have come into trouble or out of it, together with
// the events for all environments that use them. Every node looks; whoever
// stores it first has told it.
func (s *Service) tell(ctx context.Context) error {
	instances, err := s.instances(ctx)
	if err != nil {
		return err
	}
	known, err := s.troubles(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for k, list := range instances {
		c := rolledUp(k, list)
		since, was := known[k]
		switch is := troubled(c.State); {
		case is && !was:
			errs = append(errs, s.announce(ctx, c, EventDegraded, time.Time{}))
		case was && c.State == pluginhost.StateRunning:
			errs = append(errs, s.announce(ctx, c, EventRecovered, since))
		}
	}
	return errors.Join(errs...)
}

// connectorData is what both events carry.
type connectorData struct {
	Connector     string                 `json:"connector"`
	Version       string                 `json:"version,omitempty"`
	Environment   domain.EnvironmentKind `json:"environmentKind"`
	State         pluginhost.State       `json:"state"`
	Reason        string                 `json:"reason,omitempty"`
	Since         string                 `json:"since"`
	DegradedSince string                 `json:"degradedSince,omitempty"`
}

// announce stores the change of trouble with its events. Who comes second finds
// that it was told already.
func (s *Service) announce(ctx context.Context, c Connector, event string, degraded time.Time) error {
	now := s.cfg.Store.Now()
	data := connectorData{
		Connector: c.Name, Version: c.Version, Environment: c.Environment, State: c.State, Reason: plain(c.Reason), Since: wire(c.Since),
	}
	if !degraded.IsZero() {
		data.DegradedSince = wire(degraded)
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("event of %s: %w", c.Name, err)
	}
	users, err := s.cfg.Users.UsersOf(ctx, c.Name, c.Environment)
	if err != nil {
		return fmt.Errorf("users of %s: %w", c.Name, err)
	}
	change := domain.Change{Parts: []domain.Part{troublePart{Connector: c, Began: event == EventDegraded}}}
	for _, u := range users {
		change.Add(domain.Event{
			ID: domain.NewID[domain.EventID](domain.PrefixEvent), Environment: u.ID, Organisation: u.Organisation,
			Type: event, Resource: c.Name, Data: raw, OccurredAt: now,
		})
	}
	err = s.cfg.Applier.Apply(ctx, change)
	if errors.Is(err, errTold) {
		return nil
	}
	if err == nil {
		s.cfg.Log.Warn(event, "connector", c.Name, "environment", c.Environment, "state", c.State, "reason", c.Reason, "told", len(users))
	}
	return err
}

// plain is a reason as the event's schema takes it: it may quote what a connector
// wrote.
func plain(reason string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, reason)
	if runes := []rune(clean); len(runes) > maxReason {
		clean = string(runes[:maxReason])
	}
	return clean
}

const maxReason = 2000

func wire(t time.Time) string { return t.UTC().Format(domain.WireTime) }

// errTold: another node has told of it.
var errTold = errors.New("fleet: told already")

const partTrouble domain.PartKind = "connector_trouble"

type troublePart struct {
	Connector
	Began bool
}

func (troublePart) PartOf() domain.PartKind { return partTrouble }

func registerWriters(a *store.Applier) {
	a.Register(partOrder, writeOrder)
	a.Register(partVersion, writeVersion)
	a.Register(partVersionBack, writeVersionBack)
	a.Register(partTrouble, writeTrouble)
}

func writeTrouble(p domain.Part) ([]store.Statement, error) {
	t := p.(troublePart)
	if !t.Began {
		return []store.Statement{{
			SQL:  `DELETE FROM connector_trouble WHERE connector = $1 AND environment_kind = $2`,
			Args: []any{t.Name, t.Environment}, Rows: 1, Err: errTold,
		}}, nil
	}
	return []store.Statement{{
		SQL:  `INSERT INTO connector_trouble (connector, environment_kind, state, since) VALUES ($1, $2, $3, $4) ON CONFLICT (connector, environment_kind) DO NOTHING`,
		Args: []any{t.Name, t.Environment, string(t.State), domain.Micros(t.Since)}, Rows: 1, Err: errTold,
	}}, nil
}

func (s *Service) troubles(ctx context.Context) (map[key]time.Time, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT connector, environment_kind, since FROM connector_trouble`)
	if err != nil {
		return nil, fmt.Errorf("read troubles: %w", err)
	}
	defer rows.Close()
	out := map[key]time.Time{}
	for rows.Next() {
		var k key
		var since int64
		if err := rows.Scan(&k.connector, &k.kind, &since); err != nil {
			return nil, err
		}
		out[k] = domain.FromMicros(since)
	}
	return out, rows.Err()
}
