package callback_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/store"
)

// hard is a world full of receivers that misbehave, all at once, and one that
// does not.
type hard struct {
	*world
	good     *hook
	unruly   map[string]*unruly
	followed atomic.Int64 // requests to where the redirects point
	events   int
}

// impatient makes the service anew, with another timeout of callback_urls.
func (w *world) impatient(timeout time.Duration) {
	w.Helper()
	w.applier = store.NewApplier(w.store)
	sender, err := callback.NewSender(callback.SenderConfig{Guard: guard(w.T, callback.GuardConfig{}), Now: w.clock.Now})
	must(w.T, err)
	w.service, err = callback.New(callback.Config{
		Store: w.store, Applier: w.applier, Environments: here{}, Sealer: keyring(w.T), Sender: sender,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Timeout: timeout,
	})
	must(w.T, err)
	audit.Register(w.applier)
}

func newHard(w *world) *hard {
	w.Helper()
	h := &hard{world: w, good: newHook(w.T)}
	w.impatient(300 * time.Millisecond)
	target := receiver(w.T, func(http.ResponseWriter, *http.Request) { h.followed.Add(1) })
	h.unruly = map[string]*unruly{
		"resets":          newUnruly(w.T, callback.ReasonReset, resetting),
		"half an answer":  newUnruly(w.T, callback.ReasonReset, half),
		"half a header":   newUnruly(w.T, callback.ReasonProtocol, halfHeader),
		"babbles":         newUnruly(w.T, callback.ReasonProtocol, babbling),
		"never ends":      newUnruly(w.T, "", endless),
		"redirects":       newUnruly(w.T, callback.ReasonRedirect, redirecting(target.URL, http.StatusFound)),
		"redirects posts": newUnruly(w.T, callback.ReasonRedirect, redirecting(target.URL, http.StatusPermanentRedirect)),
		"bad certificate": badlyCertified(w.T),
		"away":            away(w.T),
		"silent":          newUnruly(w.T, callback.ReasonTimeout, silent),
		"drips":           newUnruly(w.T, callback.ReasonTimeout, dripping),
	}
	h.unruly["never ends"].failed = callback.StatusDelivered
	h.unruly["redirects"].failed = callback.StatusRefused
	h.unruly["redirects posts"].failed = callback.StatusRefused
	h.endpoint(h.good.URL)
	for name, u := range h.unruly {
		if overURL(name) {
			continue
		}
		id, _ := h.endpoint(u.url)
		if u.heal == nil {
			u.heal = func() {
				_, err := h.service.UpdateEndpoint(h.Context(), h.env.ID, id, callback.EndpointPatch{URL: set(u.URL)}, "tester")
				must(h.T, err)
			}
		}
	}
	return h
}

// overURL are those that a short timeout needs: they are callback_urls of
// events, not endpoints.
func overURL(name string) bool { return name == "silent" || name == "drips" }

// tellAll tells as many events to all, half of them over each callback_url.
func (h *hard) tellAll(n int) {
	h.Helper()
	for range n {
		name := []string{"silent", "drips"}[h.events%2]
		h.events++
		h.tell("invoice.signed", fmt.Sprint("inv_", h.events), toURL(h.unruly[name].url))
	}
}

// of lists the deliveries of one receiver.
func (h *hard) of(u *unruly) []callback.DeliveryRecord {
	h.Helper()
	return slices.DeleteFunc(h.deliveries(callback.DeliveryFilter{}), func(d callback.DeliveryRecord) bool { return d.URL != u.url })
}

// TestReceiversThatMisbehaveLoseNothingAndHinderNobody: for an hour eleven
// receivers reset, break off, babble, never end, redirect to this machine, have
// a bad certificate, are away or answer nothing. Meanwhile another one hears of
// each event at once. Once they work again, all arrives by itself; only what a
// redirect has refused is replayed.
func TestReceiversThatMisbehaveLoseNothingAndHinderNobody(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHard(w)
		h.tellAll(10)
		h.turn()
		h.wantFailed()
		for range 12 {
			h.clock.Add(5 * time.Minute)
			h.tellAll(1)
			h.drain()
			if n := len(h.good.requests()); n != h.events {
				w.Fatalf("%d of %d events arrived at the one that works", n, h.events)
			}
		}
		h.impatient(30 * time.Second) // the test's own machine may be slow, and a late answer is sent for again
		for _, u := range h.unruly {
			u.heal()
		}
		for hour := 0; hour < 20 && len(h.works()) > 0; hour++ {
			h.clock.Add(time.Hour)
			h.drain()
		}
		h.replayRefused()
		h.wantArrived()
	})
}

// wantFailed: after one turn each delivery stands as its receiver deserves.
func (h *hard) wantFailed() {
	h.Helper()
	for name, u := range h.unruly {
		list := h.of(u)
		for _, d := range list {
			if d.Status != u.failed || d.LastReason != u.reason || d.Attempts != 1 {
				h.Errorf("%s: %s after %d attempts, %q, want %s, %q", name, d.Status, d.Attempts, d.LastReason, u.failed, u.reason)
				break
			}
		}
		if want := h.events / map[bool]int{true: 2, false: 1}[overURL(name)]; len(list) != want {
			h.Errorf("%s: %d deliveries, want %d", name, len(list), want)
		}
	}
}

// replayRefused replays what is refused, which must be the redirects' alone.
func (h *hard) replayRefused() {
	h.Helper()
	failed, err := h.service.FailedStats(h.Context(), h.env.ID)
	must(h.T, err)
	for _, f := range failed {
		if f.Reason != callback.ReasonRedirect || f.Count != h.events {
			h.Errorf("%d of an endpoint are %s: %s", f.Count, f.Status, f.Reason)
		}
	}
	if len(failed) != 2 || h.followed.Load() != 0 {
		h.Errorf("%d endpoints failed, %d redirects were followed", len(failed), h.followed.Load())
	}
	_, err = h.service.ReplayMany(h.Context(), h.env.ID, callback.DeliveryFilter{Status: callback.StatusRefused}, false, "tester")
	must(h.T, err)
	h.drain()
}

// wantArrived: each event has arrived at each of its receivers, and once where
// none was lost on the way back.
func (h *hard) wantArrived() {
	h.Helper()
	if n := len(h.works()); n != 0 {
		h.Errorf("%d deliveries never ended", n)
	}
	for name, u := range h.unruly {
		want := h.events
		switch {
		case name == "never ends":
			want = 0 // they had arrived before
		case overURL(name):
			want /= 2
		}
		events, _ := u.told()
		if twice := len(events); len(slices.Compact(slices.Sorted(slices.Values(events)))) != twice || twice != want {
			h.Errorf("%s: %d events came after it was healed, want each of %d once", name, twice, want)
		}
	}
	for _, d := range h.deliveries(callback.DeliveryFilter{}) {
		if d.Status != callback.StatusDelivered && d.LastReason != callback.ReasonRedirect {
			h.Errorf("%+v", d)
		}
	}
}
