package invoice

import (
	"context"
	"errors"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Source is the record that an invoice came from: what becomes of the invoice is
// written back to it. The zero value is an invoice that came from nowhere else.
type Source struct {
	Connection domain.ConnectionID `json:"connectionId"`
	Record     string              `json:"record"`
}

// AcceptFrom is Accept for an invoice that came from another system's record.
// The pointers of what is wrong with the source begin with /source.
func (s *Service) AcceptFrom(ctx context.Context, env domain.Environment, source Source, prefix string, raw []byte) (domain.Draft, error) {
	faults, err := s.sourceFaults(ctx, env.ID, source)
	if err != nil {
		return domain.Draft{}, err
	}
	c, err := s.submitted(ctx, env, prefix, raw)
	var refusal *domain.Error
	switch {
	case err == nil && len(faults) == 0:
		return s.draft(c, "", source)
	case len(faults) == 0 || err != nil && !errors.As(err, &refusal) || refusal != nil && len(refusal.Fields) == 0:
		return domain.Draft{}, err
	case refusal == nil:
		return domain.Draft{}, &domain.Error{Kind: domain.KindInvalid, Code: "invalid_body", Fields: faults,
			Detail: "The body breaks the rules that errors lists. Nothing was stored."}
	}
	both := *refusal
	both.Fields = append(faults, refusal.Fields...)
	return domain.Draft{}, &both
}

// sourceFaults is what is wrong with a source.
func (s *Service) sourceFaults(ctx context.Context, env domain.EnvironmentID, source Source) (faults []domain.FieldError, err error) {
	takes, err := s.cfg.Connections.TakesWriteBacks(ctx, env, source.Connection)
	switch {
	case errors.Is(err, store.ErrNotFound):
		faults = append(faults, domain.FieldError{
			Pointer: "/source/connectionId", Code: "not_found", Detail: "There is no such connection in this environment.",
			Fix: "Send the id of a connection of GET /si/connections, con_…, or leave source out.",
		})
	case err != nil:
		return nil, err
	case !takes:
		faults = append(faults, domain.FieldError{
			Pointer: "/source/connectionId", Code: "unsupported", Detail: "The connection's connector has no operation invoice.write_back.",
			Fix: "Leave source out: nothing could be written back.",
		})
	}
	return faults, nil
}

// cameFrom notes a source. Few invoices have one, so the row is inserted without.
type cameFrom struct {
	ID domain.InvoiceID
	Source
}

func (cameFrom) PartOf() domain.PartKind { return partCameFrom }

func writeCameFrom(p domain.Part) ([]store.Statement, error) {
	c := p.(cameFrom)
	return []store.Statement{{
		SQL:  `UPDATE invoice SET source_connection = $1, source_record = $2 WHERE id = $3`,
		Args: []any{c.Connection, c.Record, c.ID}, Rows: 1,
	}}, nil
}

// sourceView is a source as answers show it.
type sourceView struct {
	Source
	// WriteBack is null until there is something to tell.
	WriteBack *writeBackView `json:"writeBack"`
}

type writeBackView struct {
	Status    WriteBackStatus `json:"status"`
	Reason    *string         `json:"reason"`
	MessageID *string         `json:"messageId"` // null where nobody was asked
}

// source is null for an invoice that came from nowhere else.
func (r Row) source() *sourceView {
	if r.Source.Connection == "" {
		return nil
	}
	v := &sourceView{Source: r.Source}
	if w := r.WriteBack; w.Status != "" {
		v.WriteBack = &writeBackView{Status: w.Status, Reason: text(w.Reason), MessageID: text(w.Message)}
	}
	return v
}
