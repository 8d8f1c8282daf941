package httpapi_test

import (
	"context"
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// walk works on a message until it settles or is held, moving the clock over
// its waits.
func (w *world) walk(id domain.MessageID) {
	w.t.Helper()
	for range 100 {
		row, held, err := w.store.WorkOf(w.t.Context(), domain.WorkID(id))
		if errors.Is(err, store.ErrNotFound) || held {
			return
		}
		must(w.t, err)
		w.clock.Add(max(0, row.DueAt.Sub(w.clock.Now())))
		rows, err := w.store.Claim(w.t.Context(), "node_1", 5*time.Minute, []domain.WorkID{row.ID})
		must(w.t, err)
		runs, err := w.pipeline.Load(w.t.Context(), rows)
		must(w.t, err)
		if runs[row.ID] == nil {
			w.t.Fatalf("%s cannot be claimed", id)
		}
		w.pipeline.Walk(w.t.Context(), runs[row.ID])
	}
	w.t.Fatalf("%s does not come to an end", id)
}

// message is the message of a payment.
func (w *world) message(payment string) (id domain.MessageID) {
	w.t.Helper()
	rows, err := w.store.Reader().Query(w.t.Context(), `SELECT message_id FROM payment WHERE id = $1`, payment)
	must(w.t, err)
	defer rows.Close()
	for rows.Next() {
		must(w.t, rows.Scan(&id))
	}
	must(w.t, rows.Err())
	return id
}

// worker walks what is due until it is stopped: some answers wait for it.
func (w *world) worker() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.NewTicker(5 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
			}
			if err := w.workOnce(ctx); err != nil && ctx.Err() == nil {
				w.t.Errorf("work: %v", err)
			}
		}
	}()
	return func() { cancel(); <-ended }
}

func (w *world) workOnce(ctx context.Context) error {
	rows, err := w.store.Pick(ctx, store.PickRequest{Lost: true, Streams: map[string]store.StreamRoom{
		domain.ConnectorStream("mtn", domain.Sandbox): {Incarnation: "i", Room: 10},
	}})
	if err != nil || len(rows) == 0 {
		return err
	}
	ids := make([]domain.WorkID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	if rows, err = w.store.Claim(ctx, "node_1", 5*time.Minute, ids); err != nil {
		return err
	}
	runs, err := w.pipeline.Load(ctx, rows)
	for _, r := range runs {
		w.pipeline.Walk(ctx, r)
	}
	return err
}
