package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// call is one row of operation_call.
type call struct {
	ID        string
	Digest    string
	Status    string
	Class     domain.Class
	Answer    string
	NotFounds int64
	SentAt    time.Time
	Deadline  time.Time
	// SettlesAt is when a request that was on its way has surely arrived.
	SettlesAt time.Time
}

const (
	statusSent     = "sent" // also what ended in a doubt
	statusAnswered = "answered"
	// keyLives is for how long a key makes a call happen once.
	keyLives = 24 * time.Hour
)

var (
	errTaken = errors.New("operation: the key is taken")
	errMoved = errors.New("operation: the call was settled meanwhile")
)

// place binds a sealed answer to its key.
func (r Request) place() string {
	return "operation_call/" + string(r.Environment) + "/" + string(r.Connection.ID) + "/" + r.Operation + "/" + r.Key
}

// insert stores a call as sent, over one that has had its day.
func (s *Service) insert(ctx context.Context, r Request, c *call) error {
	err := s.cfg.Store.Write(ctx, []store.Statement{{
		SQL: `INSERT INTO operation_call (environment_id, connection_id, operation, key, id, input_digest, status, class, answer, not_founds, sent_at, deadline, settles_at, answered_at)
VALUES ($1, $2, $3, $4, $5, $6, 'sent', '', '', 0, $7, $8, $9, 0)
ON CONFLICT (environment_id, connection_id, operation, key) DO UPDATE SET id = excluded.id, input_digest = excluded.input_digest, status = excluded.status, class = excluded.class,
 answer = excluded.answer, not_founds = 0, sent_at = excluded.sent_at, deadline = excluded.deadline, settles_at = excluded.settles_at, answered_at = 0
 WHERE operation_call.sent_at <= $10`,
		Args: []any{r.Environment, r.Connection.ID, r.Operation, r.Key, c.ID, c.Digest, domain.Micros(c.SentAt), domain.Micros(c.Deadline), domain.Micros(c.SettlesAt),
			domain.Micros(c.SentAt.Add(-keyLives))},
		Rows: 1, Err: errTaken,
	}})
	if err != nil && !errors.Is(err, errTaken) {
		return fmt.Errorf("record call of %s: %w", r.Operation, err)
	}
	return err
}

// ofCall finds the row of this very call, while it is in doubt, with arguments
// after those that the statement has already.
func (r Request) ofCall(c *call, args ...any) (condition string, all []any) {
	n := len(args)
	return fmt.Sprintf(` WHERE environment_id = $%d AND connection_id = $%d AND operation = $%d AND key = $%d AND id = $%d AND status = 'sent'`, n+1, n+2, n+3, n+4, n+5),
		append(args, r.Environment, r.Connection.ID, r.Operation, r.Key, c.ID)
}

// end stores an answer for good.
func (s *Service) end(ctx context.Context, r Request, c *call, class domain.Class, answer kept) error {
	return s.record(ctx, r, c, statusAnswered, class, answer)
}

// doubt stores that nobody knows.
func (s *Service) doubt(ctx context.Context, r Request, c *call, answer kept) error {
	return s.record(ctx, r, c, statusSent, domain.ClassUnknownOutcome, answer)
}

func (s *Service) record(ctx context.Context, r Request, c *call, status string, class domain.Class, answer kept) error {
	raw, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("answer of %s: %w", r.Operation, err)
	}
	sealed, err := s.cfg.Sealer.Seal(raw, r.place())
	if err != nil {
		return fmt.Errorf("seal answer of %s: %w", r.Operation, err)
	}
	condition, args := r.ofCall(c, status, string(class), sealed, domain.Micros(s.cfg.Store.Now()))
	return s.persist(ctx, store.Statement{
		SQL: `UPDATE operation_call SET status = $1, class = $2, answer = $3, answered_at = $4` + condition, Args: args, Rows: 1, Err: errMoved,
	})
}

// free gives the key of a call back that came to nothing.
func (s *Service) free(ctx context.Context, r Request, c *call) error {
	condition, args := r.ofCall(c)
	return s.persist(ctx, store.Statement{SQL: `DELETE FROM operation_call` + condition, Args: args, Rows: 1, Err: errMoved})
}

// persist tries again while the store is away. What is run twice touches no row
// the second time, which is no error after a commit of unknown outcome.
func (s *Service) persist(ctx context.Context, st store.Statement) error {
	unknown := false
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := s.cfg.Store.Write(ctx, []store.Statement{st})
		if errors.Is(err, errMoved) && unknown {
			return nil
		}
		unknown = unknown || errors.Is(err, store.ErrUnknown)
		if !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrUnknown) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// countNotFound counts a settled not_found; look-ups at the same time are one.
func (s *Service) countNotFound(ctx context.Context, r Request, c *call) error {
	condition, args := r.ofCall(c, c.NotFounds, c.NotFounds+1)
	return s.cfg.Store.Write(ctx, []store.Statement{{
		SQL: `UPDATE operation_call SET not_founds = CASE WHEN not_founds = $1 THEN $2 ELSE not_founds END` + condition, Args: args, Rows: store.AnyRows,
	}})
}

// read answers the call that a key was used for; nil when it is free.
func (s *Service) read(ctx context.Context, r Request) (*call, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT id, input_digest, status, class, answer, not_founds, sent_at, deadline, settles_at FROM operation_call
WHERE environment_id = $1 AND connection_id = $2 AND operation = $3 AND key = $4 AND sent_at > $5`,
		r.Environment, r.Connection.ID, r.Operation, r.Key, domain.Micros(s.cfg.Store.Now().Add(-keyLives)))
	if err != nil {
		return nil, fmt.Errorf("read call of %s: %w", r.Operation, err)
	}
	defer rows.Close()
	var out *call
	for rows.Next() {
		var c call
		var sent, deadline, settles int64
		if err := rows.Scan(&c.ID, &c.Digest, &c.Status, &c.Class, &c.Answer, &c.NotFounds, &sent, &deadline, &settles); err != nil {
			return nil, err
		}
		c.SentAt, c.Deadline, c.SettlesAt = domain.FromMicros(sent), domain.FromMicros(deadline), domain.FromMicros(settles)
		out = &c
	}
	return out, rows.Err()
}

func (s *Service) open(r Request, c *call) (answer kept, err error) {
	if c.Answer == "" {
		return kept{}, nil
	}
	raw, err := s.cfg.Sealer.Open(c.Answer, r.place())
	if err == nil {
		err = json.Unmarshal(raw, &answer)
	}
	if err != nil {
		return kept{}, fmt.Errorf("open answer of %s: %w", r.Operation, err)
	}
	return answer, nil
}

// Expire deletes calls that have had their day, a chunk at a time, and reports
// how many.
func (s *Service) Expire(ctx context.Context) (n int64, err error) {
	err = s.cfg.Store.Update(ctx, func(ctx context.Context, tx store.Tx) error {
		n, err = tx.Exec(ctx, `DELETE FROM operation_call WHERE (environment_id, connection_id, operation, key) IN (
 SELECT environment_id, connection_id, operation, key FROM operation_call WHERE sent_at <= $1 LIMIT 500)`, domain.Micros(s.cfg.Store.Now().Add(-keyLives)))
		return err
	})
	return n, err
}
