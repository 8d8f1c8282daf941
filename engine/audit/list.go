package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Entry is one deed. It never changes.
type Entry struct {
	ID domain.AuditID
	domain.AuditEntry
}

// Filter selects entries; what is empty selects all.
type Filter struct {
	Actor   string // a key's id, or operator
	Action  string // e.g. "webhook.create"
	Subject string // the id or name of what it was done to
	Since   time.Time
	Until   time.Time
	Before  domain.AuditID // cursor
	Limit   int            // required
}

// Service reads the audit. Its methods may be called concurrently.
type Service struct{ store *store.Store }

// New takes the store whose applier writes the entries, see Register.
func New(s *store.Store) (*Service, error) {
	if s == nil {
		return nil, errors.New("audit: Store is required")
	}
	return &Service{s}, nil
}

// List answers an environment's entries, the newest first.
func (s *Service) List(ctx context.Context, env domain.EnvironmentID, f Filter) ([]Entry, error) {
	where, args := f.where(env)
	args = append(args, int64(f.Limit))
	rows, err := s.store.Reader().Query(ctx, fmt.Sprintf(
		`SELECT id, actor, action, subject, detail, at FROM audit WHERE %s ORDER BY id DESC LIMIT $%d`, where, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("list the audit: %w", err)
	}
	defer rows.Close()
	var out []Entry
	for rows.Next() {
		e, at := Entry{AuditEntry: domain.AuditEntry{Environment: env}}, int64(0)
		if err := rows.Scan(&e.ID, &e.Actor, &e.Action, &e.Subject, &e.Detail, &at); err != nil {
			return nil, fmt.Errorf("read the audit: %w", err)
		}
		e.At = domain.FromMicros(at)
		out = append(out, e)
	}
	return out, rows.Err()
}

func (f Filter) where(env domain.EnvironmentID) (string, []any) {
	args := []any{env}
	conditions := []string{`environment_id = $1`}
	add := func(condition string, v any) {
		args = append(args, v)
		conditions = append(conditions, fmt.Sprintf("%s $%d", condition, len(args)))
	}
	for _, is := range []struct{ column, value string }{{"actor", f.Actor}, {"action", f.Action}, {"subject", f.Subject}} {
		if is.value != "" {
			add(is.column+" =", is.value)
		}
	}
	if !f.Since.IsZero() {
		add("at >=", domain.Micros(f.Since))
	}
	if !f.Until.IsZero() {
		add("at <", domain.Micros(f.Until))
	}
	if f.Before != "" {
		add("id <", f.Before)
	}
	return strings.Join(conditions, " AND "), args
}
