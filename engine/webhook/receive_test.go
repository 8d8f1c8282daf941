package webhook_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/webhook"
)

func TestWhatIsVerifiedIsToldOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service(func(c *webhook.Config) {
			c.Follow = map[string]func(webhook.Event) []domain.Part{"thing.told": func(e webhook.Event) []domain.Part {
				w.followed = append(w.followed, e)
				return []domain.Part{partNote("told " + e.Reference)}
			}}
		})
		w.want(s, "took A", request("genuine A"))
		if len(w.news) != 1 || w.news[0].Connection != connection || fmt.Sprint(w.news[0].References) != "[A]" || string(w.news[0].Told["A"]) != string(w.followed[0].Data) || len(w.followed[0].Data) == 0 {
			w.Errorf("news %+v", w.news)
		}
		if len(w.followed) != 1 || w.followed[0].Connection != connection || w.followed[0].Environment != "env_a" || w.followed[0].Request == "" {
			w.Errorf("followed %+v", w.followed)
		}
		if n := w.count(`SELECT COUNT(*) FROM lease WHERE name = 'told A'`); n != 1 {
			w.Errorf("what follows was stored %d times", n)
		}
		w.want(s, "took A", request("genuine A")) // the very same
		w.want(s, "took A", request("genuine A", "X-Try", "2"))
		w.want(s, "took A", request("genuine A other bytes"))
		if n := w.calls(); n != 3 {
			w.Errorf("the connector was asked %d times, want 3", n)
		}
		w.wantStates(s, 0, 1, 0, 2)
		if n := w.count(`SELECT COUNT(*) FROM webhook_event`); n != 1 {
			w.Errorf("%d events", n)
		}
		first := w.received(s, webhook.StateVerified)[0]
		if first.Repeats != 1 || len(first.Events) != 1 || first.Events[0].Reference != "A" || !first.Events[0].OccurredAt.Equal(w.clock.Now()) || first.DecidedAt.IsZero() {
			w.Errorf("%+v", first)
		}
		for _, d := range w.received(s, webhook.StateDuplicate) {
			if d.DuplicateOf != first.ID || len(d.Events) != 0 {
				w.Errorf("%+v", d)
			}
		}
		if o := w.observed[0]; o.Connector != "one" || o.Kind != "told" || o.State != webhook.StateVerified || o.Later {
			w.Errorf("%+v", o)
		}
	})
}

func TestTheSameRequestIsAskedAboutAgainAfterTheReplayWindow(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		w.want(s, "took A", request("genuine A"))
		w.clock.Add(9 * time.Minute)
		w.want(s, "took A", request("genuine A"))
		if n := w.calls(); n != 1 {
			w.Fatalf("asked %d times within the window", n)
		}
		w.clock.Add(2 * time.Minute)
		w.answers(func(in domain.Webhook) domain.WebhookOutcome {
			if !in.ReceivedAt.Equal(w.clock.Now()) {
				w.Errorf("its age is judged by %s", in.ReceivedAt)
			}
			return fails(domain.ClassUnauthorized, "too_old")
		})
		w.want(s, "webhook_refused", request("genuine A"))
		w.answers(nil)
		w.want(s, "took A", request("genuine A late")) // a key is known for much longer
		w.wantStates(s, 0, 1, 1, 1)
	})
}

// A handshake tells of nothing, and may come as often as the vendor likes.
func TestAHandshakeHasNoKey(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service(func(c *webhook.Config) { c.Rates = endless() })
		w.want(s, "took A", request("genuine A"))
		w.answers(func(domain.Webhook) domain.WebhookOutcome { return verified("") })
		for i := range 120 {
			r := request("")
			r.Method, r.Query = "GET", fmt.Sprint("challenge=", i)
			w.want(s, "took ", r)
		}
		// Anybody may be able to make them: they are kept in small numbers too.
		w.wantStates(s, 0, 101, 0, 0)
		if len(w.news) != 1 {
			w.Errorf("%+v", w.news)
		}
	})
}

func TestWhatIsRefusedLeavesNothing(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		for _, class := range []domain.Class{domain.ClassUnauthorized, domain.ClassInvalid, domain.ClassRejected, domain.ClassUnsupported, domain.ClassMisconfigured} {
			w.answers(func(domain.Webhook) domain.WebhookOutcome { return fails(class, "no_"+string(class)) })
			w.want(s, "webhook_refused", request("genuine A "+string(class)))
			if last := w.received(s, "")[0]; last.State != webhook.StateRefused || last.ErrorClass != class || last.ErrorCode != "no_"+string(class) || last.Size == 0 {
				w.Errorf("%+v", last)
			}
		}
		if n := w.count(`SELECT COUNT(*) FROM webhook_event`) + w.count(`SELECT COUNT(*) FROM webhook_key`) + w.count(`SELECT COUNT(*) FROM webhook_request WHERE content <> ''`); n != 0 || len(w.news) != 0 {
			w.Errorf("%d rows, news %v", n, w.news)
		}
		bad := request("genuine A")
		bad.Header["X-Name"] = []string{"caf\xe9"}
		before := w.calls()
		w.want(s, "webhook_refused", bad)
		bad = request("genuine A")
		bad.Query = "\xff"
		w.want(s, "webhook_refused", bad)
		if w.calls() != before {
			w.Error("what cannot be shown as it came was shown")
		}
		// The secret has been set since: the same bytes are asked about anew.
		w.answers(nil)
		w.want(s, "took A", request("genuine A unauthorized"))
	})
}

// What strangers can make as often as they like is kept in small numbers, and
// pushes out nothing that counts.
func TestStrangersPushNothingOut(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service(func(c *webhook.Config) { c.Rates = endless() })
		w.want(s, "took A", request("genuine A"))
		w.set(func() { w.ready = false })
		w.want(s, "webhook_not_verified", request("genuine B"))
		w.set(func() { w.ready = true })
		for i := range 130 {
			w.want(s, "webhook_refused", request(fmt.Sprint("forged ", i)))
			w.want(s, "took A", request("genuine A", "X-Unsigned", fmt.Sprint(i)))
		}
		w.wantStates(s, 1, 1, 100, 100)
		w.must(s.CatchUp(w.Context()))
		w.wantStates(s, 0, 2, 100, 100)
	})
}

func endless() webhook.Rates {
	r := webhook.Rate{PerSecond: 1e6, Burst: 1e6, InFlight: 1000}
	return webhook.Rates{Address: r, Connection: r, Neighbour: r}
}

func TestOnlySoMuchWaitsToBeVerified(t *testing.T) {
	onBoth(t, func(w *world) {
		w.ready = false
		s := w.service(func(c *webhook.Config) { c.MaxWaiting, c.MaxWaitingBytes = 3, 1000 })
		for i := range 3 {
			w.want(s, "webhook_not_verified", request(fmt.Sprint("genuine ", i)))
		}
		w.want(s, "webhooks_waiting", request("genuine 4"))
		w.want(s, "webhook_not_verified", request("genuine 0")) // it waits already
		w.set(func() { w.ready = true })
		w.must(s.CatchUp(w.Context()))
		w.set(func() { w.ready = false })
		w.want(s, "webhook_not_verified", request("genuine 4"+strings.Repeat("x", 700)))
		w.want(s, "webhooks_waiting", request("genuine 5"+strings.Repeat("x", 300)))
		w.want(s, "webhook_not_verified", request("genuine 6"))
		w.wantStates(s, 2, 3, 0, 0)
	})
}

func TestWhatIsStoredIsSealed(t *testing.T) {
	onBoth(t, func(w *world) {
		w.ready = false
		s := w.service()
		w.want(s, "webhook_not_verified", request("genuine A CANARY", "X-Signature", "CANARY"))
		if text := w.stored(); strings.Contains(text, "CANARY") || strings.Contains(text, "genuine") || w.count(`SELECT COUNT(*) FROM webhook_request WHERE content <> ''`) != 1 {
			w.Errorf("stored %s", text)
		}
		w.set(func() { w.ready = true })
		w.must(s.CatchUp(w.Context()))
		w.wantStates(s, 0, 1, 0, 0)
		if text := w.stored(); strings.Contains(text, "CANARY") || strings.Contains(text, "took") {
			w.Errorf("stored %s", text)
		}
		if n := w.count(`SELECT COUNT(*) FROM webhook_request WHERE content <> ''`); n != 0 {
			w.Error("what was decided keeps its content")
		}
	})
}

func TestTwinsOnManyNodesCountOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		follow := func(c *webhook.Config) {
			c.Follow = map[string]func(webhook.Event) []domain.Part{"thing.told": func(e webhook.Event) []domain.Part {
				return []domain.Part{partNote("told " + e.Reference)} // a second one would fail
			}}
			c.Rates = endless()
		}
		nodes := []*webhook.Service{w.service(follow), w.service(follow), w.service(follow)}
		var group sync.WaitGroup
		for i := range 32 {
			group.Go(func() {
				if got := w.push(nodes[i%3], request("genuine A", "X-Try", fmt.Sprint(i/2))); got != "took A" && got != "webhook_not_verified" {
					w.Errorf("answered %q", got)
				}
			})
		}
		group.Wait()
		if n := w.count(`SELECT COUNT(*) FROM webhook_event`); n != 1 {
			w.Errorf("%d events", n)
		}
		if n := len(w.received(nodes[0], webhook.StateVerified)); n != 1 {
			w.Errorf("%d verified", n)
		}
		w.want(nodes[1], "took A", request("genuine A", "X-Try", "0"))
	})
}
