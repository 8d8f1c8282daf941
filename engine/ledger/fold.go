package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/store"
)

const (
	// foldLease keeps nodes from folding the same rows for nothing. It is no fence:
	// a row of the tail goes once, in the transaction that adds it.
	foldLease = "ledger.fold"
	// foldsAtOnce bounds the accounts that are folded side by side; they share the
	// store's commits.
	foldsAtOnce = 32
)

// errFolded: another node was faster.
var errFolded = errors.New("ledger: folded meanwhile")

// key names an account of an environment in one currency.
type key struct {
	environment domain.EnvironmentID
	account     domain.Account
	currency    string
}

// waiting is a posting that no snapshot covers.
type waiting struct {
	key
	entry  domain.EntryID
	amount int64
	// sound: the posting is there and says the same.
	sound bool
}

// Run folds tails until ctx ends, while this node has the lease.
func (s *Service) Run(ctx context.Context) error {
	defer s.leave(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		wait, err := s.round(ctx)
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("fold the ledger", "error", err)
		}
		timer.Reset(failpoint.Scale(wait))
	}
}

// leave gives the lease back.
func (s *Service) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = s.cfg.Store.Write(ctx, []store.Statement{store.FreedLease(foldLease, s.cfg.Node)})
}

// round folds the whole tail once, batch by batch, and says when to look again.
func (s *Service) round(ctx context.Context) (wait time.Duration, err error) {
	began := s.cfg.Store.Now()
	var o Observation
	defer func() {
		if o.Took = s.cfg.Store.Now().Sub(began); o.Folded > 0 || len(o.Faults) > 0 {
			s.cfg.Observe(o)
		}
	}()
	var failed error
	for last := (waiting{}); ; {
		batch, err := s.tail(ctx, last)
		if err != nil || len(batch) == 0 {
			return s.cfg.Every, cmp.Or(err, failed)
		}
		mine, err := s.cfg.Store.Lease(ctx, foldLease, s.cfg.Node, s.cfg.Lease)
		if err != nil || !mine {
			return s.cfg.Lease, err
		}
		folded, faults, err := s.fold(ctx, batch)
		o.Folded += folded
		o.Faults = append(o.Faults, faults...)
		s.alarm(faults)
		failed = cmp.Or(failed, err)
		last = batch[len(batch)-1]
	}
}

// tail reads the rows behind one, in the order of their accounts, with what their
// postings say.
func (s *Service) tail(ctx context.Context, after waiting) ([]waiting, error) {
	rows, err := s.cfg.Store.Reader().Query(ctx, `SELECT t.environment_id, t.account, t.currency, t.entry_id, t.amount, CASE WHEN p.amount = t.amount THEN 1 ELSE 0 END
FROM ledger_tail AS t LEFT JOIN ledger_posting AS p ON p.entry_id = t.entry_id AND p.account = t.account AND p.environment_id = t.environment_id AND p.currency = t.currency
WHERE (t.environment_id, t.account, t.currency, t.entry_id) > ($1, $2, $3, $4) ORDER BY t.environment_id, t.account, t.currency, t.entry_id LIMIT $5`,
		after.environment, after.account, after.currency, after.entry, int64(s.cfg.Batch))
	if err != nil {
		return nil, fmt.Errorf("read the tail: %w", err)
	}
	defer rows.Close()
	var out []waiting
	for rows.Next() {
		var w waiting
		var sound int64
		if err := rows.Scan(&w.environment, &w.account, &w.currency, &w.entry, &w.amount, &sound); err != nil {
			return nil, fmt.Errorf("read the tail: %w", err)
		}
		w.sound = sound == 1
		out = append(out, w)
	}
	return out, rows.Err()
}

// fold folds a batch, each account by itself: one that cannot be folded keeps no
// other from it. The error is the first one.
func (s *Service) fold(ctx context.Context, batch []waiting) (folded int, faults []Fault, err error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	slots := make(chan struct{}, foldsAtOnce)
	for len(batch) > 0 {
		n := 1
		for n < len(batch) && batch[n].key == batch[0].key {
			n++
		}
		rows := batch[:n]
		batch = batch[n:]
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			count, wrong, failed := s.foldAccount(ctx, rows)
			mu.Lock()
			defer mu.Unlock()
			folded, faults, err = folded+count, append(faults, wrong...), cmp.Or(err, failed)
		})
	}
	all.Wait()
	return folded, faults, err
}

// foldAccount moves rows of one account from the tail into the snapshot. What its
// posting contradicts stays where it is, for a person.
func (s *Service) foldAccount(ctx context.Context, rows []waiting) (folded int, faults []Fault, err error) {
	k, sum := rows[0].key, int64(0)
	var entries []domain.EntryID
	for _, w := range rows {
		if !w.sound {
			faults = append(faults, w.fault())
			continue
		}
		entries, sum = append(entries, w.entry), sum+w.amount // a batch of amounts that are bounded
	}
	if len(entries) == 0 {
		return 0, faults, nil
	}
	var due int64
	err = s.cfg.Store.Write(ctx, []store.Statement{s.cover(k, sum, &due), folding(k, entries)})
	switch {
	case errors.Is(err, errFolded):
		return 0, faults, nil
	case err != nil:
		return 0, faults, fmt.Errorf("fold %s of %s in %s: %w", k.account, k.environment, k.currency, err)
	case due == 1:
		wrong, err := s.prove(ctx, k)
		return len(entries), append(faults, wrong...), err
	}
	return len(entries), faults, nil
}

// cover adds to a snapshot, which locks it. due is 1 when its proof is too old: the
// one who is told so proves it.
func (s *Service) cover(k key, sum int64, due *int64) store.Statement {
	now := s.cfg.Store.Now()
	return store.Statement{
		SQL: `INSERT INTO ledger_account (environment_id, account, currency, snapshot_balance, snapshot_at, checked_balance, proved_at) VALUES ($1, $2, $3, $4, $5, 0, $5)
ON CONFLICT (environment_id, account, currency) DO UPDATE SET snapshot_balance = ledger_account.snapshot_balance + excluded.snapshot_balance, snapshot_at = excluded.snapshot_at,
 proved_at = CASE WHEN ledger_account.proved_at <= $6 THEN excluded.proved_at ELSE ledger_account.proved_at END
RETURNING CASE WHEN proved_at = snapshot_at THEN 1 ELSE 0 END`,
		Args: []any{k.environment, k.account, k.currency, sum, domain.Micros(now), domain.Micros(now.Add(-s.cfg.Prove))}, Rows: 1, Into: due,
	}
}

// folding takes covered rows from the tail: all of them, or nothing is covered.
func folding(k key, entries []domain.EntryID) store.Statement {
	args := []any{k.environment, k.account, k.currency}
	marks, more := store.List(len(args), entries)
	return store.Statement{
		SQL:  `DELETE FROM ledger_tail WHERE environment_id = $1 AND account = $2 AND currency = $3 AND entry_id IN (` + marks + `)`,
		Args: append(args, more...), Rows: int64(len(entries)), Err: errFolded,
	}
}
