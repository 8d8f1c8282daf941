package callback_test

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// nowhere signs nothing: these events are stored and not sent.
type nowhere struct{}

func (nowhere) Signing(context.Context, domain.EnvironmentID) ([]string, callback.Policy, error) {
	return nil, callback.Policy{}, nil
}

func TestEventsOfOneResourceAreNumberedWithoutGapOrTwin(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		applier := store.NewApplier(s)
		sender, err := callback.NewSender(callback.SenderConfig{Guard: guard(t, callback.GuardConfig{})})
		if err != nil {
			t.Fatal(err)
		}
		_, err = callback.New(callback.Config{
			Store: s, Applier: applier, Environments: nowhere{}, Sealer: keyring(t), Sender: sender, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		const writers = 32
		var group sync.WaitGroup
		for range writers {
			group.Go(func() {
				for _, resource := range []string{"inv_1", "inv_2"} {
					event := domain.Event{
						ID: domain.NewID[domain.EventID](domain.PrefixEvent), Environment: "env_a", Organisation: "org_a",
						Type: "invoice.created", Resource: resource, Data: []byte(`{}`), OccurredAt: time.Now(),
					}
					if err := applier.Apply(context.WithoutCancel(t.Context()), domain.Change{Parts: []domain.Part{event}}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		for _, resource := range []string{"inv_1", "inv_2"} {
			rows, err := s.Reader().Query(t.Context(), `SELECT sequence FROM event WHERE resource_id = $1 ORDER BY sequence`, resource)
			if err != nil {
				t.Fatal(err)
			}
			var next int64 = 1
			for ; rows.Next(); next++ {
				var sequence int64
				if err := rows.Scan(&sequence); err != nil || sequence != next {
					t.Errorf("%s: sequence %d where %d belongs, %v", resource, sequence, next, err)
				}
			}
			rows.Close()
			if next != writers+1 {
				t.Errorf("%s: %d events", resource, next-1)
			}
		}
	})
}
