package payment

import (
	"context"
	"fmt"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Filter selects payments; what is empty selects all.
type Filter struct {
	Country, Operator string
	Status            schemas.PaymentStatus
	Type              Type
	Order             string // an order_ref
	Reference         string
	Held, Late        *bool // waits for a person; succeeded after it was given up
	// After is the last payment of the page before. The newest come first.
	After domain.PaymentID
	Limit int // 1 and more
}

// List answers a page and whether there is more.
func (s *Service) List(ctx context.Context, env domain.EnvironmentID, f Filter) (page []Payment, more bool, err error) {
	rows, more, err := s.page(ctx, env, f)
	page = make([]Payment, len(rows)) // never null
	for i, r := range rows {
		page[i] = show(r)
	}
	return page, more, err
}

func (s *Service) page(ctx context.Context, env domain.EnvironmentID, f Filter) (rows []Row, more bool, err error) {
	where, args := []string{"environment_id = $1"}, []any{env}
	for _, c := range []struct{ condition, value string }{
		{"country = $%d", f.Country}, {"operator = $%d", f.Operator}, {"status = $%d", string(f.Status)}, {"type = $%d", string(f.Type)},
		{"order_ref = $%d", f.Order}, {"reference = $%d", f.Reference}, {"id < $%d", string(f.After)},
	} {
		if c.value != "" {
			args = append(args, c.value)
			where = append(where, fmt.Sprintf(c.condition, len(args)))
		}
	}
	for _, c := range []struct {
		asked   *bool
		yes, no string
	}{{f.Held, "held_reason <> ''", "held_reason = ''"}, {f.Late, "late_at > 0", "late_at = 0"}} {
		switch {
		case c.asked == nil:
		case *c.asked:
			where = append(where, c.yes)
		default:
			where = append(where, c.no)
		}
	}
	args = append(args, int64(f.Limit)+1)
	rows, err = readRows(ctx, s.cfg.Store.Reader(), fmt.Sprintf("%s ORDER BY id DESC LIMIT $%d", strings.Join(where, " AND "), len(args)), args...)
	if err != nil {
		return nil, false, fmt.Errorf("list payments: %w", err)
	}
	if more = len(rows) > f.Limit; more {
		rows = rows[:f.Limit]
	}
	return rows, more, nil
}
