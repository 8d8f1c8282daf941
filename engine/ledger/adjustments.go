package ledger

import (
	"context"
	"fmt"
	"regexp"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

const partAdjustment domain.PartKind = "float_adjustment"

// PartOf makes an Adjustment a part of a Change, beside its entry.
func (Adjustment) PartOf() domain.PartKind { return partAdjustment }

func writeAdjustment(p domain.Part) ([]store.Statement, error) {
	a := p.(Adjustment)
	return []store.Statement{{
		SQL: `INSERT INTO float_adjustment (id, environment_id, entry_id, operator, currency, amount, reason, reference, actor, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`,
		Args: []any{a.ID, a.Environment, a.Entry, a.Operator, a.Currency, a.signed(), a.Reason, a.Reference, a.Actor, domain.Micros(a.At)},
		Rows: 1, Err: ErrReference,
	}}, nil
}

// AdjustmentFilter selects adjustments; what is empty selects all.
type AdjustmentFilter struct {
	Currency  string
	Reference string
	Before    domain.AdjustmentID // cursor
	Limit     int                 // required
}

// Adjustments answers an environment's, the newest first.
func (s *Service) Adjustments(ctx context.Context, env domain.EnvironmentID, f AdjustmentFilter) ([]Adjustment, error) {
	where, args := `environment_id = $1`, []any{env}
	for _, is := range []struct{ condition, value string }{{`currency =`, f.Currency}, {`reference =`, f.Reference}, {`id <`, string(f.Before)}} {
		if is.value != "" {
			args = append(args, is.value)
			where += fmt.Sprintf(` AND %s $%d`, is.condition, len(args))
		}
	}
	args = append(args, int64(f.Limit))
	rows, err := s.cfg.Store.Reader().Query(ctx, fmt.Sprintf(`SELECT id, environment_id, entry_id, operator, currency, amount, reason, reference, actor, at
FROM float_adjustment WHERE %s ORDER BY id DESC LIMIT $%d`, where, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("list adjustments: %w", err)
	}
	defer rows.Close()
	var out []Adjustment
	for rows.Next() {
		var at int64
		a := Adjustment{Direction: Credit}
		if err := rows.Scan(&a.ID, &a.Environment, &a.Entry, &a.Operator, &a.Currency, &a.Amount, &a.Reason, &a.Reference, &a.Actor, &at); err != nil {
			return nil, fmt.Errorf("list adjustments: %w", err)
		}
		if a.Amount < 0 {
			a.Direction, a.Amount = Debit, -a.Amount
		}
		a.At = domain.FromMicros(at)
		out = append(out, a)
	}
	return out, rows.Err()
}
