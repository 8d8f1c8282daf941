package simnet_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/simnet"
)

// hook receives callbacks.
type hook struct {
	url string
	mu  sync.Mutex
	got []string
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		h.got = append(h.got, r.Method+" "+string(body))
		h.mu.Unlock()
	}))
	h.url = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return h
}

func (h *hook) list() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.got)
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(10 * time.Second)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func TestCallbacksGoOutOnceOrAsAFaultBendsThem(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind string
		want []string
		tale string // of the counters
	}{
		"faithful": {"", []string{"POST SUCCESS"}, "sent"},
		"twice":    {simnet.FaultCallbackTwice, []string{"POST SUCCESS", "POST SUCCESS"}, "repeated"},
		"stale":    {simnet.FaultCallbackStale, []string{"POST SUCCESS", "POST PENDING"}, "stale"},
		"lost":     {simnet.FaultCallbackLost, nil, "lost"},
		"late":     {simnet.FaultCallbackLate, []string{"POST SUCCESS"}, "late"},
		"forged":   {simnet.FaultCallbackForged, []string{"POST SUCCESS", "POST USER_CANCELLED"}, "forged"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, h := setup(t, simnet.Options{}), newHook(t)
			b.Announce("mtn", func(t simnet.Transaction) (simnet.Callback, bool) {
				return simnet.Callback{Method: http.MethodPost, URL: h.url, Body: []byte(t.Outcome)}, true
			})
			if c.kind != "" {
				b.Arm(t, simnet.Fault{Kind: c.kind, DelayMillis: 50})
			}
			o := order("r1", simnet.Collect, 1)
			o.Scenario = "success"
			if name == "forged" {
				o.Scenario = "cancelled"
			}
			b.begin(t, o)
			if name == "forged" {
				eventually(t, "the forgery", func() bool { return len(h.list()) == 1 })
			}
			b.Pass(10 * time.Second)
			eventually(t, "the counters tell", func() bool {
				return b.Counters().Callbacks[c.tale] == 1 && len(h.list()) >= len(c.want)
			})
			if got := h.list(); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFaultsOfCallsHitAsOftenAsTheySay(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{})
	var acted atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.Faulty(simnet.Call{Operator: "mtn", Operation: "pay", Reference: r.URL.Path}, w, r,
			func(w http.ResponseWriter, status int) { w.WriteHeader(status) },
			func(w http.ResponseWriter, _ *http.Request) { acted.Add(1); _, _ = io.WriteString(w, "done") })
	}))
	defer server.Close()
	client := server.Client()
	client.Timeout = 300 * time.Millisecond
	ask := func(path string) string {
		res, err := client.Post(server.URL+path, "text/plain", strings.NewReader("x"))
		if err != nil {
			return "none"
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		return res.Status[:3] + res.Header.Get("Retry-After") + string(body)
	}
	for _, c := range []struct {
		fault simnet.Fault
		want  string
		acts  int64
	}{
		{simnet.Fault{Kind: simnet.FaultStatus, Status: 429, RetryAfterSeconds: 7}, "4297", 0},
		{simnet.Fault{Kind: simnet.FaultStatusAfter}, "500", 1},
		{simnet.Fault{Kind: simnet.FaultLost}, "none", 1},
		{simnet.Fault{Kind: simnet.FaultSilent}, "none", 1},
		{simnet.Fault{Kind: simnet.FaultDrop}, "none", 0},
		{simnet.Fault{Kind: simnet.FaultHang}, "none", 0},
		{simnet.Fault{Kind: simnet.FaultSlow, DelayMillis: 5}, "200done", 1},
	} {
		c.fault.Times, c.fault.Operation, c.fault.Reference = 1, "pay", "/a"
		if err := b.Inject(c.fault); err != nil {
			t.Fatal(err)
		}
		if got := ask("/b"); got != "200done" {
			t.Fatalf("%s: another reference got %s", c.fault.Kind, got)
		}
		before := acted.Load()
		if got := ask("/a"); got != c.want || acted.Load()-before != c.acts {
			t.Errorf("%s: got %q and acted %d times, want %q and %d", c.fault.Kind, got, acted.Load()-before, c.want, c.acts)
		}
		if got := ask("/a"); got != "200done" {
			t.Errorf("%s hit twice: %s", c.fault.Kind, got)
		}
	}
	if left := b.Faults(); len(left) != 0 {
		t.Errorf("faults are left: %+v", left)
	}
	if err := b.Inject(simnet.Fault{Kind: "flood"}); err == nil {
		t.Error("a fault that is none was taken")
	}
}
