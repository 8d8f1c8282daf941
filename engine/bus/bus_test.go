package bus_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testserver"
)

func TestIncarnationsAreMadeOnceAndStay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bus.Bus) {
		streams := []string{"a", "b", "a"}
		first, err := b.Incarnations(t.Context(), streams)
		if err != nil || len(first) != 2 || first["a"] == first["b"] || len(first["a"]) != 32 {
			t.Fatalf("incarnations %v: %v", first, err)
		}
		again, err := b.Incarnations(t.Context(), append(streams, "c"))
		if err != nil || again["a"] != first["a"] || again["b"] != first["b"] || again["c"] == "" {
			t.Errorf("incarnations %v after %v: %v", again, first, err)
		}
		// The group came with them: what is published now is waiting for it.
		publish(t, b, "a", 0, 1)
		in := newInbox()
		listen(t, runRouter(t, b), bus.ListenConfig{Stream: "a", Handle: in.handle})
		eventually(t, "the entry is handled", in.has(1))
		if incarnation(t, b, "a") != first["a"] {
			t.Error("a reader that found its group made a new incarnation")
		}
		if none, err := b.Incarnations(t.Context(), nil); err != nil || len(none) != 0 {
			t.Errorf("no streams gave %v, %v", none, err)
		}
	})
}

func TestLookGivesIncarnationAndLengthAndMakesWhatIsMissing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bus.Bus) {
		publish(t, b, "full", 0, 3)
		known := incarnation(t, b, "full")
		looks, err := b.Look(t.Context(), []string{"full", "new"})
		if err != nil || looks["full"] != (bus.StreamLook{Incarnation: known, Length: 3}) {
			t.Errorf("looks %+v, %v, want 3 entries under %s", looks, err, known)
		}
		if made := looks["new"]; made.Incarnation == "" || made.Incarnation != incarnation(t, b, "new") {
			t.Errorf("the new stream looks like %+v", made)
		}
	})
}

func TestPublishTakesAnyNumberOfEnvelopes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bus.Bus) {
		publish(t, b, "s", 0, 4500)
		if n := stats(t, b, "s").Length; n != 4500 {
			t.Errorf("%d entries in the stream, want 4500", n)
		}
		publish(t, b, "s", 0, 0)
		if err := b.Publish(t.Context(), "", []domain.Envelope{{}}); err == nil {
			t.Error("an empty stream name was accepted")
		}
	})
}

func TestStatsOfAStreamThatNeverWasAreZero(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bus.Bus) {
		if s := stats(t, b, "never"); s != (bus.StreamStats{Stream: "never"}) {
			t.Errorf("stats %+v", s)
		}
		if err := b.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestARedisThatIsAwayIsToldByEveryCallAndNotByOpen(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t)
	server.Kill()
	b := openBus(t, server.URL)
	_, statsErr := b.Stats(t.Context(), []string{"s"})
	_, incErr := b.Incarnations(t.Context(), []string{"s"})
	_, policyErr := b.MaxmemoryPolicy(t.Context())
	for call, err := range map[string]error{
		"Ping": b.Ping(t.Context()), "Publish": b.Publish(t.Context(), "s", envelopes(0, 1)),
		"Stats": statsErr, "Incarnations": incErr, "MaxmemoryPolicy": policyErr,
	} {
		if err == nil {
			t.Errorf("%s gave no error", call)
		}
	}
}

func TestMaxmemoryPolicyIsWhatTheServerDoes(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"": "noeviction",
		testserver.Redis(t, "--maxmemory-policy", "allkeys-lru").URL: "allkeys-lru",
	} {
		b := openBus(t, url)
		if got, err := b.MaxmemoryPolicy(t.Context()); err != nil || got != want {
			t.Errorf("policy %q, %v, want %q", got, err, want)
		}
		if b.Embedded() != (url == "") {
			t.Errorf("Embedded of %q is %t", url, b.Embedded())
		}
	}
}

func TestAWrongURLIsRefusedWithoutRepeatingItsPassword(t *testing.T) {
	t.Parallel()
	for url, rule := range map[string]string{
		"localhost:6379":                        "no scheme",
		"http://:secret@h":                      "unknown scheme",
		"redis://:secret@":                      "host is missing",
		"redis://:secret@h1,h2":                 "several hosts",
		"redis://:secret@h/x":                   "not a number",
		"redis://:secret@h:port":                "host is missing",
		"redis://:secret%zz@h":                  "percent-encoded",
		"redis://:secret#@h":                    "%23",
		"redis+sentinel://:secret@h:26379":      "no master name",
		"redis+sentinel://:secret@h/m?pool=9":   "unknown parameter",
		"redis+cluster://:secret@h1,h2/3":       "database 0",
		"redis+cluster://:secret@h1?db=1":       "unknown parameter",
		"redis+sentinel://:secret@h1,,h2/m":     "host is missing",
		"rediss+sentinel://:secret@h1,h2/m?db=": "not a number",
	} {
		b, err := bus.Open(t.Context(), bus.Config{URL: url})
		if err == nil {
			t.Errorf("%s was accepted", url)
			_ = b.Close()
			continue
		}
		if !strings.Contains(err.Error(), rule) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v: want %q and no password", url, err, rule)
		}
	}
	if _, err := bus.Open(t.Context(), bus.Config{Prefix: "a{b"}); err == nil {
		t.Error("a prefix with a brace was accepted")
	}
}

func TestAPasswordWithEveryCharacterReachesRedis(t *testing.T) {
	t.Parallel()
	server := testserver.Redis(t, "--requirepass", "p@s/s:w%rd#")
	wrong := openBus(t, server.URL)
	if err := wrong.Ping(t.Context()); err == nil {
		t.Error("redis took no password")
	}
	right := openBus(t, strings.Replace(server.URL, "//", "//:p%40s%2Fs%3Aw%25rd%23@", 1)+"/3")
	if err := right.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAClosedPublisherAndSubscriberRefuse(t *testing.T) {
	t.Parallel()
	b := openBus(t, "")
	p, s := b.Publisher(), b.Subscriber(bus.SubscriberConfig{})
	for range 2 {
		if err := errors.Join(p.Close(), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Publish("s", message.NewMessage("1", nil)); !errors.Is(err, bus.ErrPublisherClosed) {
		t.Errorf("Publish gave %v", err)
	}
	if _, err := s.Subscribe(t.Context(), "s"); !errors.Is(err, bus.ErrSubscriberClosed) {
		t.Errorf("Subscribe gave %v", err)
	}
	if err := b.Ping(t.Context()); err != nil {
		t.Errorf("closing them closed the bus: %v", err)
	}
}
