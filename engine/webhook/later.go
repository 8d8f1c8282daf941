package webhook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

const (
	// atOnce bounds the connections that are caught up with side by side, so that
	// a connector that does not answer keeps nobody else's waiting.
	atOnce = 8
	// batch is how many requests of a connection one round takes.
	batch = 16
)

// Run verifies what could not be verified when it came, until ctx ends. Nodes
// share the work: each takes what it has claimed.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.CatchUp(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("verify webhooks", "error", err)
		}
	}
}

// CatchUp is one round of Run.
func (s *Service) CatchUp(ctx context.Context) error {
	waiting, err := s.waiting(ctx)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, w := range waiting {
		group.Go(func() error { return s.catchUp(ctx, w) })
	}
	return group.Wait()
}

// waiting is a connection with requests that are due.
type waiting struct {
	connection domain.ConnectionID
	oldest     time.Time
}

func (s *Service) waiting(ctx context.Context) ([]waiting, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT connection_id, MIN(received_at) FROM webhook_request
WHERE state = 'unverified' AND due_at <= $1 AND claimed_until <= $1 GROUP BY connection_id`, domain.Micros(s.now()))
	if err != nil {
		return nil, fmt.Errorf("list waiting webhooks: %w", err)
	}
	defer rows.Close()
	var out []waiting
	for rows.Next() {
		var w waiting
		var oldest int64
		if err := rows.Scan(&w.connection, &oldest); err != nil {
			return nil, err
		}
		w.oldest = domain.FromMicros(oldest)
		out = append(out, w)
	}
	return out, rows.Err()
}

// catchUp verifies some requests of a connection, in the order in which they
// came.
func (s *Service) catchUp(ctx context.Context, w waiting) error {
	end := s.now().Add(-s.cfg.VerifyFor)
	c, err := s.cfg.Connections.WebhookConnection(ctx, w.connection)
	if errors.Is(err, store.ErrNotFound) {
		return s.giveUp(ctx, w.connection, s.now(), "connection_gone")
	}
	if err != nil {
		return fmt.Errorf("connection of webhooks: %w", err)
	}
	if !w.oldest.After(end) {
		if err := s.giveUp(ctx, w.connection, end, "not_verified_in_time"); err != nil {
			return err
		}
	}
	if !c.Enabled || !s.cfg.Connectors.Ready(c.Ref.Connector, c.Ref.Environment) {
		return nil
	}
	rows, err := s.claimDue(ctx, w.connection, batch)
	if err != nil {
		return err
	}
	slices.SortFunc(rows, func(a, b *request) int { return a.receivedAt.Compare(b.receivedAt) })
	for _, row := range rows {
		if ctx.Err() != nil {
			return ctx.Err() // the rest of the claim lapses
		}
		if _, err := s.verify(ctx, c, row, true); err != nil {
			return err
		}
	}
	return nil
}

// giveUp refuses what came until a time and could not be verified: nothing of it
// was believed, and the vendor has long been told to send it again.
func (s *Service) giveUp(ctx context.Context, connection domain.ConnectionID, until time.Time, code string) error {
	return s.cfg.Store.Write(ctx, []store.Statement{{
		SQL: `UPDATE webhook_request SET state = 'refused', content = '', decided_at = $1, error_code = $2
WHERE connection_id = $3 AND state = 'unverified' AND claimed_until <= $1 AND received_at <= $4`,
		Args: []any{domain.Micros(s.now()), code, connection, domain.Micros(until)}, Rows: store.AnyRows,
	}, trim(connection, StateRefused)})
}
