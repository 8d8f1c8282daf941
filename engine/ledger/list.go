package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// ErrNoEntry is a page that should begin behind an entry which the environment does
// not have.
var ErrNoEntry = &domain.Error{Kind: domain.KindNotFound, Code: "ledger_entry_not_found",
	Detail: "This environment's ledger has no such entry."}

// Filter selects entries; what is empty selects all.
type Filter struct {
	Account  domain.Account // entries that touch it
	Kind     string
	Resource string
	Currency string
	From, To time.Time      // from this moment on; before that one
	Before   domain.EntryID // cursor
	Limit    int            // required
}

// Entries answers an environment's entries with their postings, the newest first.
func (s *Service) Entries(ctx context.Context, env domain.EnvironmentID, f Filter) ([]domain.LedgerEntry, error) {
	q, err := s.selection(ctx, env, f)
	if err != nil {
		return nil, err
	}
	list, err := scanEntries(s.cfg.Store.Reader().Query(ctx, q.sql(f.Limit), q.args...))
	if err == nil {
		err = s.addPostings(ctx, list)
	}
	if err != nil {
		return nil, fmt.Errorf("list the ledger: %w", err)
	}
	return list, nil
}

// selection is a query of entries that grows condition by condition. Those of one
// account are found by its postings, which lie in the order of the list.
type selection struct {
	from, at, id string
	conditions   []string
	args         []any
}

func (q *selection) where(condition string, values ...any) {
	marks := make([]any, len(values))
	for i := range values {
		marks[i] = len(q.args) + i + 1
	}
	q.conditions, q.args = append(q.conditions, fmt.Sprintf(condition, marks...)), append(q.args, values...)
}

// sql adds the limit to the arguments.
func (q *selection) sql(limit int) string {
	q.args = append(q.args, int64(limit))
	return fmt.Sprintf(`SELECT e.id, e.environment_id, e.kind, e.resource_id, e.currency, e.at FROM %s WHERE %s ORDER BY %s DESC, %s DESC LIMIT $%d`,
		q.from, strings.Join(q.conditions, " AND "), q.at, q.id, len(q.args))
}

func (s *Service) selection(ctx context.Context, env domain.EnvironmentID, f Filter) (*selection, error) {
	q := &selection{from: `ledger_entry AS e`, at: `e.at`, id: `e.id`}
	if f.Account != "" {
		q = &selection{from: `ledger_posting AS p JOIN ledger_entry AS e ON e.id = p.entry_id`, at: `p.at`, id: `p.entry_id`}
		q.where(`p.environment_id = $%d`, env)
		q.where(`p.account = $%d`, f.Account)
	} else {
		q.where(`e.environment_id = $%d`, env)
	}
	for _, is := range []struct{ column, value string }{{"e.kind", f.Kind}, {"e.resource_id", f.Resource}, {"e.currency", f.Currency}} {
		if is.value != "" {
			q.where(is.column+` = $%d`, is.value)
		}
	}
	if !f.From.IsZero() {
		q.where(q.at+` >= $%d`, domain.Micros(f.From))
	}
	if !f.To.IsZero() {
		q.where(q.at+` < $%d`, domain.Micros(f.To))
	}
	if f.Before != "" {
		at, err := s.moment(ctx, env, f.Before)
		if err != nil {
			return nil, err
		}
		q.where(`(`+q.at+`, `+q.id+`) < ($%d, $%d)`, at, f.Before)
	}
	return q, nil
}

// moment is when an entry was, ErrNoEntry when there is none.
func (s *Service) moment(ctx context.Context, env domain.EnvironmentID, id domain.EntryID) (at int64, err error) {
	list, err := scanEntries(s.cfg.Store.Reader().Query(ctx,
		`SELECT e.id, e.environment_id, e.kind, e.resource_id, e.currency, e.at FROM ledger_entry AS e WHERE e.id = $1 AND e.environment_id = $2`, id, env))
	if err != nil {
		return 0, fmt.Errorf("list the ledger: %w", err)
	}
	if len(list) == 0 {
		return 0, ErrNoEntry
	}
	return domain.Micros(list[0].At), nil
}

func scanEntries(rows store.Rows, err error) ([]domain.LedgerEntry, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []domain.LedgerEntry
	for rows.Next() {
		var e domain.LedgerEntry
		var at int64
		if err := rows.Scan(&e.ID, &e.Environment, &e.Kind, &e.Resource, &e.Currency, &at); err != nil {
			return nil, err
		}
		e.At = domain.FromMicros(at)
		out = append(out, e)
	}
	return out, rows.Err()
}

// addPostings reads the postings of a page, in the order of their accounts.
func (s *Service) addPostings(ctx context.Context, list []domain.LedgerEntry) error {
	if len(list) == 0 {
		return nil
	}
	at, ids := make(map[domain.EntryID]int, len(list)), make([]domain.EntryID, len(list))
	for i, e := range list {
		at[e.ID], ids[i] = i, e.ID
	}
	marks, args := store.List(0, ids)
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT entry_id, account, amount FROM ledger_posting WHERE entry_id IN (`+marks+`) ORDER BY entry_id, account`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id domain.EntryID
		var p domain.Posting
		if err := rows.Scan(&id, &p.Account, &p.Amount); err != nil {
			return err
		}
		list[at[id]].Postings = append(list[at[id]].Postings, p)
	}
	return rows.Err()
}
