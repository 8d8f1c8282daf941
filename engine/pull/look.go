package pull

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/failpoint"
	"github.com/afara-dev/afara/engine/store"
)

// refreshEvery is how often the connections are listed that can be read.
const refreshEvery = 5 * time.Second

// Run begins what is due until ctx ends; it returns when no run is under way. What
// it interrupts, another node goes on with.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(failpoint.Scale(s.cfg.Look))
	defer tick.Stop()
	refresh := time.NewTicker(failpoint.Scale(refreshEvery))
	defer refresh.Stop()
	var runs sync.WaitGroup
	defer runs.Wait()
	var open map[domain.ConnectionID]Connection
	for stale := true; ; {
		if stale {
			open = s.refreshed(ctx, open)
		}
		if err := s.begin(ctx, open, &runs); err != nil && ctx.Err() == nil {
			s.cfg.Log.Warn("read what is due of streams", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			stale = false
		case <-refresh.C:
			stale = true
		case <-s.nudge:
			stale = true // the connection may be a new one
		}
	}
}

// begin starts a run of each stream that is due and that this node can read.
func (s *Service) begin(ctx context.Context, open map[domain.ConnectionID]Connection, runs *sync.WaitGroup) error {
	if s.cfg.Rest() || len(open) == 0 {
		return nil
	}
	due, err := s.due(ctx)
	if err != nil {
		return err
	}
	for _, k := range due {
		c, ok := open[k.connection]
		if !ok || !s.has(c, k.stream) || !s.cfg.Connectors.Ready(c.Ref.Connector, c.Ref.Environment) || !s.take(k, c.Ref.Connector) {
			continue
		}
		runs.Go(func() {
			defer s.free(k)
			s.read(ctx, c, k)
		})
	}
	return nil
}

func (s *Service) has(c Connection, stream string) bool {
	for _, known := range s.streams(c.Ref) {
		if known.Name == stream {
			return true
		}
	}
	return false
}

// refreshed lists what can be read, sees to it that each stream of it has a row, and
// clears what is gone. Without an answer it goes on with what was known.
func (s *Service) refreshed(ctx context.Context, known map[domain.ConnectionID]Connection) map[domain.ConnectionID]Connection {
	list, err := s.cfg.Connections.Open(ctx)
	if err == nil {
		known = map[domain.ConnectionID]Connection{}
		for _, c := range list {
			known[c.Ref.ID] = c
		}
		err = s.settle(ctx, list)
	}
	if err == nil {
		_, err = s.clear(ctx)
	}
	if err != nil && ctx.Err() == nil {
		s.cfg.Log.Warn("list streams", "error", err)
	}
	return known
}

// settle makes the rows of streams that have none, and changes the times of those
// whose connection is read at other times by now.
func (s *Service) settle(ctx context.Context, list []Connection) error {
	times, err := s.times(ctx)
	if err != nil {
		return err
	}
	now := s.cfg.Store.Now()
	var statements []store.Statement
	for _, c := range list {
		for _, declared := range s.streams(c.Ref) {
			k := streamKey{c.Ref.ID, declared.Name}
			every, ok := times[k]
			switch {
			case !ok:
				statements = append(statements, newStream(c, k.stream, dueFirst(c, now)))
			case every != c.Every:
				statements = append(statements, retimed(c, k.stream, every, dueNext(c, now)))
			}
		}
	}
	if len(statements) == 0 {
		return nil
	}
	if err := s.cfg.Store.Write(ctx, statements); err != nil {
		return fmt.Errorf("make streams: %w", err)
	}
	return nil
}
