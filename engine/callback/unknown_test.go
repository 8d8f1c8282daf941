package callback_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// near signs with the test's secret and calls this machine.
type near struct{}

func (near) Signing(context.Context, domain.EnvironmentID) ([]string, callback.Policy, error) {
	return []string{testSecret}, local(), nil
}

// An attempt whose commit nobody knows of is stored once, and at once: not by
// another attempt when the claim has ended.
func TestAttemptWhoseCommitIsUnknownIsStoredOnce(t *testing.T) {
	t.Parallel()
	for name, committed := range map[string]bool{"the server committed": true, "the server heard nothing": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, address := testserver.Cut(t, testserver.Postgres(t), committed)
			s := storetest.Postgres(t, func(cfg *store.Config) { cfg.URL = address })
			server := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
				c.Cuts(1)
				w.WriteHeader(http.StatusServiceUnavailable)
			})
			deliverOnce(t, s, server.URL)
			for what, sql := range map[string]string{
				"attempts":                            `SELECT attempts FROM delivery`,
				"records":                             `SELECT COUNT(*) FROM delivery_attempt`,
				"rows that wait for the next attempt": `SELECT COUNT(*) FROM work WHERE owner = ''`,
			} {
				if n := countOf(t, s, sql); n != 1 {
					t.Errorf("%d %s", n, what)
				}
			}
		})
	}
}

// deliverOnce makes an event for url, claims its delivery and attempts it.
func deliverOnce(t *testing.T, s *store.Store, url string) {
	t.Helper()
	applier := store.NewApplier(s)
	sender, err := callback.NewSender(callback.SenderConfig{Guard: guard(t, callback.GuardConfig{})})
	noError(t, err)
	service, err := callback.New(callback.Config{
		Store: s, Applier: applier, Environments: near{}, Sender: sender, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	noError(t, err)
	noError(t, applier.Apply(t.Context(), domain.Change{Parts: []domain.Part{domain.Event{
		ID: "evt_1", Environment: "env_a", Organisation: "org_a", Type: "invoice.signed", Resource: "inv_1",
		Data: []byte(`{}`), OccurredAt: time.Now().Add(-time.Second), CallbackURL: url,
	}}}))
	rows, err := s.Pick(t.Context(), store.PickRequest{Streams: map[string]store.StreamRoom{domain.CallbackStream: {Incarnation: "one", Room: 1}}})
	noError(t, err)
	rows, err = s.Claim(t.Context(), "node_1", service.Lease(), []domain.WorkID{rows[0].ID})
	noError(t, err)
	loaded, err := service.Load(t.Context(), rows)
	noError(t, err)
	service.Deliver(t.Context(), loaded[rows[0].ID])
}

func countOf(t *testing.T, s *store.Store, sql string) (n int64) {
	t.Helper()
	rows, err := s.Reader().Query(t.Context(), sql)
	noError(t, err)
	defer rows.Close()
	for rows.Next() {
		noError(t, rows.Scan(&n))
	}
	noError(t, rows.Err())
	return n
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
