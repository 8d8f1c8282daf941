package webhook_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/webhook"
)

func TestWhatCouldNotBeVerifiedIsVerifiedLater(t *testing.T) {
	onBoth(t, func(w *world) {
		w.ready = false
		s := w.service()
		received := w.clock.Now()
		w.want(s, "webhook_not_verified", request("genuine A"))
		if w.calls() != 0 || w.needed != 1 {
			w.Errorf("asked %d times, needed %d", w.calls(), w.needed)
		}
		w.must(s.CatchUp(w.Context()))
		w.wantStates(s, 1, 0, 0, 0)
		w.clock.Add(20 * time.Minute)
		w.set(func() { w.ready = true })
		another := w.service() // another node, or this one after a restart
		w.must(another.CatchUp(w.Context()))
		w.wantStates(s, 0, 1, 0, 0)
		if at := w.asked[0].ReceivedAt; !at.Equal(received) {
			w.Errorf("its age was judged by %s, want %s", at, received)
		}
		if string(w.asked[0].Body) != "genuine A" || w.asked[0].Path != "/hook" || w.asked[0].Kind != "told" {
			w.Errorf("%+v", w.asked[0])
		}
		w.want(s, "took A", request("genuine A", "X-Try", "2")) // the vendor sends it again
		w.wantStates(s, 0, 1, 0, 1)
		if n := w.count(`SELECT COUNT(*) FROM webhook_event`); n != 1 || len(w.news) != 1 && len(w.news) != 2 {
			w.Errorf("%d events", n)
		}
		if o := w.observed[len(w.observed)-2]; !o.Later || o.State != webhook.StateVerified {
			w.Errorf("%+v", o)
		}
	})
}

func TestTheVendorsRepeatNeedNotWait(t *testing.T) {
	onBoth(t, func(w *world) {
		w.answers(func(domain.Webhook) domain.WebhookOutcome { return fails(domain.ClassUnavailable, "vendor_keys_away") })
		s := w.service()
		w.want(s, "webhook_not_verified", request("genuine A"))
		w.answers(nil)
		w.want(s, "took A", request("genuine A"))
		w.wantStates(s, 0, 1, 0, 0)
	})
}

func TestAttemptsAreSpacedOut(t *testing.T) {
	onBoth(t, func(w *world) {
		w.answers(func(domain.Webhook) domain.WebhookOutcome { return fails(domain.ClassUnavailable, "away") })
		s := w.service()
		w.want(s, "webhook_not_verified", request("genuine A"))
		asked := w.calls()
		for range 100 {
			w.clock.Add(time.Second)
			w.must(s.CatchUp(w.Context()))
		}
		if n := w.calls() - asked; n < 4 || n > 8 {
			w.Errorf("asked %d times in 100 s", n)
		}
		if r := w.received(s, "")[0]; r.Attempts != w.calls() || r.ErrorCode != "away" || r.State != webhook.StateUnverified {
			w.Errorf("%+v", r)
		}
	})
}

// A stranger's bytes that end the process are not tried for ever, nor so often
// that it is left down.
func TestWhatBreaksTheConnectorIsGivenUp(t *testing.T) {
	for name, out := range map[string]domain.WebhookOutcome{
		"crash":    {Class: domain.ClassUnavailable, Crashed: true, Error: &domain.ConnectorError{Class: domain.ClassUnavailable, Code: "connector_crashed"}},
		"internal": fails(domain.ClassInternal, "answer_invalid"),
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *world) {
				w.answers(func(domain.Webhook) domain.WebhookOutcome { return out })
				s := w.service()
				w.want(s, "webhook_not_verified", request("poison"))
				for range 60 {
					w.clock.Add(time.Second)
					w.must(s.CatchUp(w.Context()))
				}
				if n := w.calls(); n != 1 {
					w.Errorf("asked %d times within a minute", n)
				}
				for range 60 {
					w.clock.Add(time.Minute)
					w.must(s.CatchUp(w.Context()))
				}
				w.wantStates(s, 0, 0, 1, 0)
				if n := w.calls(); n != 3 {
					w.Errorf("asked %d times, want 3", n)
				}
			})
		})
	}
}

func TestWhatCannotBeVerifiedInTimeIsGivenUp(t *testing.T) {
	onBoth(t, func(w *world) {
		w.ready = false
		s := w.service()
		w.want(s, "webhook_not_verified", request("genuine A"))
		w.clock.Add(20 * time.Hour)
		w.want(s, "webhook_not_verified", request("genuine B"))
		w.clock.Add(5 * time.Hour)
		w.must(s.CatchUp(w.Context()))
		w.wantStates(s, 1, 0, 1, 0)
		if r := w.received(s, webhook.StateRefused)[0]; r.ErrorCode != "not_verified_in_time" || len(w.news) != 0 {
			w.Errorf("%+v", r)
		}
		w.set(func() { w.gone = true })
		w.must(s.CatchUp(w.Context()))
		w.wantStates(s, 0, 0, 2, 0)
		if r := w.received(s, webhook.StateRefused)[0]; r.ErrorCode != "connection_gone" {
			w.Errorf("%+v", r)
		}
	})
}

func TestADisabledConnectionsRequestsWait(t *testing.T) {
	onBoth(t, func(w *world) {
		w.ready = false
		s := w.service()
		w.want(s, "webhook_not_verified", request("genuine A"))
		w.set(func() { w.ready, w.disabled = true, true })
		w.must(s.CatchUp(w.Context()))
		w.want(s, "webhook_not_found", request("genuine B"))
		w.wantStates(s, 1, 0, 0, 0)
		w.set(func() { w.disabled = false })
		w.must(s.CatchUp(w.Context()))
		w.wantStates(s, 0, 1, 0, 0)
	})
}

// One node at a time verifies a request; one that has died leaves it to others.
func TestNodesShareWhatIsToVerify(t *testing.T) {
	onBoth(t, func(w *world) {
		w.ready = false
		nodes := []*webhook.Service{w.service(), w.service(), w.service()}
		for i := range 40 {
			w.want(nodes[0], "webhook_not_verified", request(fmt.Sprint("genuine ", i)))
		}
		w.set(func() { w.ready = true })
		for range 3 {
			var group sync.WaitGroup
			for _, n := range nodes {
				group.Go(func() {
					if err := n.CatchUp(w.Context()); err != nil {
						w.Error(err)
					}
				})
			}
			group.Wait()
		}
		w.wantStates(nodes[0], 0, 40, 0, 0)
		if n := w.calls(); n != 40 {
			w.Errorf("asked %d times about 40 requests", n)
		}
	})
}

func TestTheClaimOfADeadNodeLapses(t *testing.T) {
	onBoth(t, func(w *world) {
		s, other := w.service(), w.service()
		w.answers(func(domain.Webhook) domain.WebhookOutcome {
			// While this node is at it, another may not be; when it has had its time,
			// another is.
			w.answers(nil)
			w.want(other, "webhook_not_verified", request("genuine A"))
			w.must(other.CatchUp(w.Context()))
			w.wantStates(s, 1, 0, 0, 0)
			w.clock.Add(time.Minute)
			w.must(other.CatchUp(w.Context()))
			w.wantStates(s, 0, 1, 0, 0)
			return fails(domain.ClassUnauthorized, "told too late")
		})
		w.want(s, "took A", request("genuine A")) // what counts is what the other found out
		w.wantStates(s, 0, 1, 0, 0)
	})
}

func TestRunVerifiesByItself(t *testing.T) {
	onBoth(t, func(w *world) {
		w.ready = false
		s := w.service(func(c *webhook.Config) { c.Every = 10 * time.Millisecond })
		w.want(s, "webhook_not_verified", request("genuine A"))
		ctx, cancel := context.WithCancel(w.Context())
		ended := make(chan error, 1)
		go func() { ended <- s.Run(ctx) }()
		w.set(func() { w.ready = true })
		deadline, tick := time.After(20*time.Second), time.NewTicker(10*time.Millisecond)
		defer tick.Stop()
		for len(w.received(s, webhook.StateVerified)) == 0 {
			select {
			case <-deadline:
				w.Fatal("never verified")
			case <-tick.C:
			}
		}
		cancel()
		w.must(<-ended)
	})
}

func TestOldRequestsGo(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		w.want(s, "took A", request("genuine A"))
		w.want(s, "webhook_refused", request("forged"))
		expire := func() {
			for {
				n, err := s.Expire(w.Context())
				w.must(err)
				if n == 0 {
					return
				}
			}
		}
		expire()
		w.wantStates(s, 0, 1, 1, 0)
		w.clock.Add(25 * time.Hour)
		expire()
		w.wantStates(s, 0, 1, 0, 0)
		w.clock.Add(28 * 24 * time.Hour)
		expire()
		w.want(s, "took A", request("genuine A again"))
		w.wantStates(s, 0, 1, 0, 1)
		w.clock.Add(2 * 24 * time.Hour)
		w.want(s, "took A", request("genuine A anew")) // the key has had its day
		expire()
		w.wantStates(s, 0, 1, 0, 1)
		if keys, events := w.count(`SELECT COUNT(*) FROM webhook_key`), w.count(`SELECT COUNT(*) FROM webhook_event`); keys != 1 || events != 1 {
			w.Errorf("%d keys, %d events", keys, events)
		}
		w.clock.Add(31 * 24 * time.Hour)
		expire()
		if n := w.count(`SELECT COUNT(*) FROM webhook_request`) + w.count(`SELECT COUNT(*) FROM webhook_key`) + w.count(`SELECT COUNT(*) FROM webhook_event`); n != 0 {
			w.Errorf("%d rows are left", n)
		}
	})
}
