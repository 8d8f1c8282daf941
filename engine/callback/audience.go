package callback

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// audience remembers who hears of an environment's events. Whoever stores an
// event proves in the same statement that what was remembered is still true
// (writeEvent), so nothing here needs to be fresh.
type audience struct {
	store *store.Store

	mu    sync.Mutex
	known map[domain.EnvironmentID]subscribers
}

// subscribers are an environment's active endpoints at a version.
type subscribers struct {
	version int64
	list    []subscriber
}

type subscriber struct {
	id      domain.EndpointID
	url     string
	events  []schemas.EventPattern
	ordered bool
}

func newAudience(s *store.Store) *audience {
	return &audience{store: s, known: map[domain.EnvironmentID]subscribers{}}
}

// of answers the subscribers of an environment; with again, read anew.
func (a *audience) of(ctx context.Context, env domain.EnvironmentID, again bool) (subscribers, error) {
	if !again {
		a.mu.Lock()
		s, ok := a.known[env]
		a.mu.Unlock()
		if ok {
			return s, nil
		}
	}
	s, err := a.read(ctx, env)
	if err != nil {
		return s, fmt.Errorf("read subscribers of %s: %w", env, err)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.known) >= maxKnown {
		clear(a.known)
	}
	a.known[env] = s
	return s, nil
}

func (a *audience) drop(env domain.EnvironmentID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, env)
}

// read reads the version first: a change in between makes the list newer than
// the version, which the statement that relies on it finds out.
func (a *audience) read(ctx context.Context, env domain.EnvironmentID) (s subscribers, err error) {
	if s.version, err = a.version(ctx, env); err != nil {
		return s, err
	}
	rows, err := a.store.Reader().Query(ctx,
		`SELECT id, url, events, ordered FROM endpoint WHERE environment_id = $1 AND deleted_at = 0 AND active = 1 ORDER BY id`, env)
	if err != nil {
		return s, err
	}
	defer rows.Close()
	for rows.Next() {
		var one subscriber
		var events string
		var ordered int64
		if err := rows.Scan(&one.id, &one.url, &events, &ordered); err != nil {
			return s, err
		}
		if err := json.Unmarshal([]byte(events), &one.events); err != nil {
			return s, fmt.Errorf("events of %s: %w", one.id, err)
		}
		one.ordered = ordered == 1
		s.list = append(s.list, one)
	}
	return s, rows.Err()
}

func (a *audience) version(ctx context.Context, env domain.EnvironmentID) (version int64, err error) {
	rows, err := a.store.Reader().Query(ctx, `SELECT version FROM subscription WHERE environment_id = $1`, env)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&version); err != nil {
			return 0, err
		}
	}
	return version, rows.Err()
}

// hears reports whether the subscriber wants events of a type.
func (s subscriber) hears(event string) bool { return hears(s.events, event) }

func hears(patterns []schemas.EventPattern, event string) bool {
	for _, pattern := range patterns {
		if pattern.Matches(event) {
			return true
		}
	}
	return false
}
