package webhook_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/store"
)

// A verdict whose commit nobody knows of is read again, and counts once whether
// it was stored or not.
func TestAVerdictWhoseCommitIsUnknownCountsOnce(t *testing.T) {
	t.Parallel()
	for name, committed := range map[string]bool{"the server committed": true, "the server heard nothing": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cutter, address := testserver.Cut(t, testserver.Postgres(t), committed)
			w := &world{T: t, clock: testclock.New(time.Now().UTC().Truncate(time.Second)), ready: true}
			var err error
			w.store, err = store.Open(t.Context(), store.Config{URL: address, Now: w.clock.Now})
			w.must(err)
			t.Cleanup(func() { _ = w.store.Close() })
			s := w.service()
			w.answers(func(in domain.Webhook) domain.WebhookOutcome {
				cutter.Cuts(1)
				return verified("A", domain.WebhookEvent{Type: "thing.told", Reference: "A", Data: []byte(`{}`)})
			})
			want := "webhook_not_verified"
			if committed {
				want = "took A"
			}
			w.want(s, want, request("genuine A"))
			w.answers(nil)
			w.clock.Add(time.Minute)
			w.must(s.CatchUp(t.Context()))
			w.wantStates(s, 0, 1, 0, 0)
			w.want(s, "took A", request("genuine A"))
			if n := w.count(`SELECT COUNT(*) FROM webhook_event`); n != 1 {
				t.Errorf("%d events", n)
			}
		})
	}
}
