package callback_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/sdk/webhook"
)

// prober is a service whose tests may go to this machine.
type prober struct {
	*callback.Service
	store *store.Store
	logs  *bytes.Buffer
}

func newProber(t *testing.T, cfg callback.GuardConfig, timeout time.Duration) *prober {
	t.Helper()
	p := &prober{logs: &bytes.Buffer{}}
	var err error
	if p.store, err = store.Open(t.Context(), store.Config{URL: "sqlite:" + filepath.Join(t.TempDir(), "afara.db")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.store.Close() })
	sender, err := callback.NewSender(callback.SenderConfig{Guard: guard(t, cfg)})
	if err != nil {
		t.Fatal(err)
	}
	p.Service, err = callback.New(callback.Config{
		Store: p.store, Applier: store.NewApplier(p.store), Environments: nowhere{}, Sender: sender, Timeout: timeout,
		Log: slog.New(slog.NewTextHandler(p.logs, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *prober) probe(ctx context.Context, url string, policy callback.Policy) (callback.ProbeResult, error) {
	return p.Probe(ctx, callback.ProbeRequest{
		URL: url, Environment: "env_a", Organisation: "org_a", Secrets: []string{testSecret}, Policy: policy,
	})
}

func TestProbeSendsOneSignedSample(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	var event struct {
		EventID, Event, BusinessID, OccurredAt string
		Sequence                               int64
		Data                                   struct{ ID, EnvironmentID, Message string }
	}
	server := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		body, _ := io.ReadAll(r.Body)
		if err := webhook.Verify([]string{testSecret}, r.Header, body, time.Now(), time.Minute); err != nil {
			t.Error(err)
		}
		if err := json.Unmarshal(body, &event); err != nil || r.Header.Get("Webhook-Id") != event.EventID {
			t.Errorf("%s: %v", body, err)
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `thanks, {"token":"hunter2"}`)
	})
	p := newProber(t, callback.GuardConfig{}, 0)
	r, err := p.probe(t.Context(), server.URL, local())
	if err != nil || !r.Delivered || r.Status != http.StatusCreated || r.Reason != "" || r.Duration <= 0 || r.Truncated {
		t.Fatalf("%+v, %v", r, err)
	}
	if !strings.HasPrefix(r.Answer, "thanks") || strings.Contains(r.Answer, "hunter2") {
		t.Errorf("answer %q", r.Answer)
	}
	if event.Event != callback.EventTest || event.BusinessID != "org_a" || event.EventID != string(r.Event) || !domain.IsID(domain.PrefixEvent, event.EventID) ||
		event.Sequence != 1 || event.OccurredAt == "" || event.Data.EnvironmentID != "env_a" || event.Data.ID != event.EventID || event.Data.Message == "" {
		t.Errorf("%+v", event)
	}
	for _, table := range []string{"event", "delivery", "delivery_attempt", "work"} {
		if n := rowsOf(t, p.store, table); n != 0 || calls.Load() != 1 {
			t.Errorf("%d rows in %s, %d calls", n, table, calls.Load())
		}
	}
}

func rowsOf(t *testing.T, s *store.Store, table string) (n int) {
	t.Helper()
	rows, err := s.Reader().Query(t.Context(), `SELECT COUNT(*) FROM `+table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestProbeTellsWhyItWasNotDelivered(t *testing.T) {
	t.Parallel()
	var calls, followed atomic.Int64
	target := receiver(t, func(http.ResponseWriter, *http.Request) { followed.Add(1) })
	server := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, target.URL, http.StatusTemporaryRedirect)
		case "/long":
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		case "/slow":
			_, _ = io.ReadAll(r.Body)
			<-r.Context().Done()
		}
	})
	patient := newProber(t, callback.GuardConfig{Resolver: nameServer(t)}, 0)
	hasty := newProber(t, callback.GuardConfig{}, 100*time.Millisecond)
	for _, c := range []struct {
		prober *prober
		url    string
		status int
		reason callback.Reason
		long   bool
	}{
		{patient, server.URL + "/redirect", http.StatusTemporaryRedirect, callback.ReasonRedirect, false},
		{patient, server.URL + "/long", http.StatusInternalServerError, callback.ReasonStatus, true},
		{hasty, server.URL + "/slow", 0, callback.ReasonTimeout, false},
		{patient, "https://nobody.example/", 0, callback.ReasonDNS, false},
	} {
		calls.Store(0)
		r, err := c.prober.probe(t.Context(), c.url, local())
		if err != nil || r.Delivered || r.Status != c.status || r.Reason != c.reason || r.Truncated != c.long || len(r.Answer) > 4<<10 {
			t.Errorf("%s: %+v, %v", c.url, r, err)
		}
		if calls.Load() > 1 || followed.Load() != 0 {
			t.Errorf("%s: %d calls, %d followed", c.url, calls.Load(), followed.Load())
		}
	}
}

func TestProbeOfWhatTheGuardRefusesShowsTheRuleAlone(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	server := receiver(t, func(http.ResponseWriter, *http.Request) { calls.Add(1) })
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	p := newProber(t, callback.GuardConfig{Resolver: nameServer(t, netip.MustParseAddr("127.0.0.1"))}, 0)
	listed := callback.Policy{AllowHTTP: true, Allowlist: allowlist(t, "rebind.example", "127.0.0.1")}
	for url, want := range map[string]string{
		server.URL:                             "reserved_address",
		"http://rebind.example:" + port + "/x": "reserved_address", // found when it is dialled
		"http://example.com/":                  "allowlist",
		"http://u:p@rebind.example/":           "user_info",
		"nonsense":                             "syntax",
	} {
		r, err := p.probe(t.Context(), url, listed)
		if rule(err) != want || r != (callback.ProbeResult{}) || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: %+v, %v", url, r, err)
		}
	}
	if calls.Load() != 0 {
		t.Errorf("%d requests arrived", calls.Load())
	}
	if !strings.Contains(p.logs.String(), "address=127.0.0.1") {
		t.Errorf("the operator does not learn the address: %s", p.logs)
	}
}

func TestProbeDoesNotBlameTheReceiverForOurFaults(t *testing.T) {
	t.Parallel()
	server := receiver(t, func(http.ResponseWriter, *http.Request) {})
	p := newProber(t, callback.GuardConfig{}, 0)
	if _, err := p.Probe(t.Context(), callback.ProbeRequest{URL: server.URL, Policy: local()}); err == nil || rule(err) != "" {
		t.Errorf("without a secret: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.probe(gone, server.URL, local()); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever asked is gone: %v", err)
	}
}
