package invoice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Get answers one invoice of the environment. Its attempts are the caller's to
// add: they belong to another part.
func (s *Service) Get(ctx context.Context, env domain.EnvironmentID, id domain.InvoiceID) (Answer, error) {
	r, err := s.row(ctx, env, id)
	if err != nil {
		return Answer{}, err
	}
	return s.answer(ctx, r)
}

// Row answers one invoice's bare row, for the QR image and the like.
func (s *Service) Row(ctx context.Context, env domain.EnvironmentID, id domain.InvoiceID) (Row, error) {
	return s.row(ctx, env, id)
}

func (s *Service) row(ctx context.Context, env domain.EnvironmentID, id domain.InvoiceID) (Row, error) {
	r, err := readRow(ctx, s.cfg.Store.Reader(), `id = $1 AND environment_id = $2`, id, env)
	if errors.Is(err, store.ErrNotFound) {
		return Row{}, ErrNotFound
	}
	return r, err
}

func (s *Service) document(ctx context.Context, r Row) (schemas.Document, error) {
	docs, err := s.cfg.Documents.Documents(ctx, []domain.DocumentID{r.Document})
	if err != nil {
		return schemas.Document{}, fmt.Errorf("read document of %s: %w", r.ID, err)
	}
	doc, ok := docs[r.Document]
	if !ok {
		return schemas.Document{}, fmt.Errorf("document %s of %s is missing", r.Document, r.ID)
	}
	return doc, nil
}

func (s *Service) answer(ctx context.Context, r Row) (Answer, error) {
	doc, err := s.document(ctx, r)
	if err != nil {
		return Answer{}, err
	}
	return shown(r, doc)
}

func shown(r Row, doc schemas.Document) (Answer, error) {
	inv, err := decode(doc)
	if err != nil {
		return Answer{}, err
	}
	view, err := json.Marshal(View(inv, r.state()))
	if err != nil {
		return Answer{}, fmt.Errorf("show invoice %s: %w", r.ID, err)
	}
	return answerOf(r, view, nil), nil
}

// Filter selects invoices of one environment. Zero members select all.
type Filter struct {
	Status        Status
	PaymentStatus string
	Held          *bool
	Number        string // as submitted
	IRN           string
	TypeCode      string
	IssuedFrom    string // dates, inclusive
	IssuedTo      string
	CreatedSince  time.Time
	CreatedBefore time.Time
	// Before is the cursor: only invoices older than this id.
	Before domain.InvoiceID
	Limit  int // default 50, at most 200
}

// MaxPage is the most that List answers at once.
const MaxPage = 200

// List answers invoices, newest first, and the cursor of the next page ("" at
// the end). New invoices do not shift a page that is being read.
func (s *Service) List(ctx context.Context, env domain.EnvironmentID, f Filter) (page []Answer, next domain.InvoiceID, err error) {
	if f.Limit <= 0 {
		f.Limit = 50
	}
	f.Limit = min(f.Limit, MaxPage)
	where, args := f.where(env)
	args = append(args, int64(f.Limit+1))
	rows, err := readRows(ctx, s.cfg.Store.Reader(), fmt.Sprintf(`%s ORDER BY id DESC LIMIT $%d`, where, len(args)), args...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		next = rows[f.Limit-1].ID
	}
	ids := make([]domain.DocumentID, len(rows))
	for i, r := range rows {
		ids[i] = r.Document
	}
	docs, err := s.cfg.Documents.Documents(ctx, ids)
	if err != nil {
		return nil, "", fmt.Errorf("read documents: %w", err)
	}
	page = make([]Answer, len(rows))
	for i, r := range rows {
		if page[i], err = shown(r, docs[r.Document]); err != nil {
			return nil, "", err
		}
	}
	return page, next, nil
}

func (f Filter) where(env domain.EnvironmentID) (string, []any) {
	conditions, args := []string{`environment_id = $1`}, []any{env}
	add := func(condition string, v any) {
		args = append(args, v)
		conditions = append(conditions, fmt.Sprintf(condition, len(args)))
	}
	for _, c := range []struct{ condition, value string }{
		{`status = $%d`, string(f.Status)}, {`payment_status = $%d`, f.PaymentStatus}, {`number = $%d`, f.Number}, {`irn = $%d AND signed_at > 0`, f.IRN}, {`type_code = $%d`, f.TypeCode},
		{`issue_date >= $%d`, f.IssuedFrom}, {`issue_date <= $%d`, f.IssuedTo}, {`id < $%d`, string(f.Before)},
	} {
		if c.value != "" {
			add(c.condition, c.value)
		}
	}
	if f.Held != nil {
		operator := "="
		if *f.Held {
			operator = "<>"
		}
		conditions = append(conditions, `held_reason `+operator+` ''`)
	}
	if !f.CreatedSince.IsZero() {
		add(`created_at >= $%d`, domain.Micros(f.CreatedSince))
	}
	if !f.CreatedBefore.IsZero() {
		add(`created_at < $%d`, domain.Micros(f.CreatedBefore))
	}
	return strings.Join(conditions, " AND "), args
}
