package main_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/afara-dev/afara/sdk/webhook"
)

// app is a developer's program that takes forwarded events.
type app struct {
	*httptest.Server
	mu      sync.Mutex
	status  int
	bodies  []string
	headers []http.Header
}

func newApp(t *testing.T) *app {
	a := &app{status: http.StatusNoContent}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.bodies, a.headers = append(a.bodies, string(body)), append(a.headers, r.Header)
		w.WriteHeader(a.status)
		if a.status >= 300 {
			_, _ = io.WriteString(w, "no such\n\x1b[2Jtable")
		}
	}))
	t.Cleanup(a.Close)
	return a
}

func (a *app) answers(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.status = status
}

// requests are those that came, in their order.
func (a *app) requests() (bodies []string, headers []http.Header) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.bodies), slices.Clone(a.headers)
}

func (a *app) ids() []string {
	_, headers := a.requests()
	var ids []string
	for _, h := range headers {
		ids = append(ids, h.Get("webhook-id"))
	}
	return ids
}

func (a *app) got(id string) func() bool {
	return func() bool { return slices.Contains(a.ids(), id) }
}

// listening starts afara listen and waits until it is ready.
func listening(t *testing.T, f *fakeEngine, a *app, args ...string) *process {
	t.Helper()
	p := start(t, "afara", append([]string{"listen", "--api", f.URL, "--key", fakeKey, "--forward-to", a.URL + "/in"}, args...)...)
	p.line("Ready: ")
	return p
}

var whsec = regexp.MustCompile(`whsec_\S+`)

func TestListenForwardsWhatTheEngineStoredAndSignsIt(t *testing.T) {
	t.Parallel()
	f, a := newFakeEngine(t), newApp(t)
	before := f.store("invoice.signed", `{}`)
	p := listening(t, f, a)
	secret := whsec.FindString(p.line("signing secret"))
	const data = `{"a":  1.50,"html":"<b>&","deep":[{"n":12345678901234567890}]}`
	id := f.store("receipt.created", data)
	p.line("receipt.created", id, "204 No Content", " ms")
	want := fmt.Sprintf(`{"eventId":"%s","event":"receipt.created","businessId":"org_01K1X2Z26VPAVPTMTA3CGTWCQ8",`+
		`"occurredAt":"2026-04-17T10:30:00.000Z","sequence":3,"data":%s}`, id, compact(data))
	bodies, headers := a.requests()
	if len(bodies) != 1 || bodies[0] != want {
		t.Fatalf("got %q, want %s and nothing that was there before (%s)", bodies, want, before)
	}
	if err := webhook.Verify([]string{secret}, headers[0], []byte(want), time.Now(), 0); err != nil {
		t.Error(err)
	}
	p.interrupt()
}

// compact is what the encoder of the fake does to blanks.
func compact(data string) string { return strings.ReplaceAll(data, ":  ", ":") }

func TestListenForwardsEachEventOnceInWhateverOrderTheyAppear(t *testing.T) {
	t.Parallel()
	f, a := newFakeEngine(t), newApp(t)
	f.store("invoice.signed", `{}`)
	p := listening(t, f, a)
	var want []string
	for range 450 { // more than two pages
		want = append(want, f.store("invoice.signed", `{}`))
	}
	eventually(t, "all arrive", a.got(want[449]))
	early := "evt_" + ulid.MustNew(ulid.Timestamp(time.Now()), ulid.DefaultEntropy()).String()
	want = append(want, f.store("invoice.signed", `{}`))
	eventually(t, "one more arrives", a.got(want[450]))
	f.storeAs(early, "invoice.signed", `{}`) // its transaction was slow
	eventually(t, "the late one arrives", a.got(early))
	if got := a.ids(); !slices.Equal(got, append(want, early)) {
		t.Errorf("%d events arrived, or in another order", len(got))
	}
	asked := f.pages()
	eventually(t, "it asks on", func() bool { return f.pages() > asked+6 })
	if got := a.ids(); len(got) != 452 {
		t.Errorf("%d forwards of 452 events", len(got))
	}
	p.interrupt()
}

func TestListenGoesOnAfterFailures(t *testing.T) {
	t.Parallel()
	f, a := newFakeEngine(t), newApp(t)
	f.setDown(true)
	p := start(t, "afara", "listen", "--api", f.URL, "--key", fakeKey, "--forward-to", a.URL)
	p.line("engine away", "database cannot answer", "trying again")
	f.setDown(false)
	p.line("Ready: ")
	p.line("engine back")

	a.answers(http.StatusInternalServerError)
	id := f.store("invoice.signed", `{}`)
	if line := p.line(id, "500 Internal"); !strings.HasSuffix(line, "no such [2Jtable") {
		t.Errorf("%q", line)
	}
	a.answers(http.StatusFound)
	p.line(f.store("invoice.signed", `{}`), "302 Found")
	a.answers(http.StatusOK)
	p.line(f.store("invoice.signed", `{}`), "200 OK")
	if got := a.ids(); len(got) != 3 {
		t.Errorf("%d forwards, want each of 3 once", len(got))
	}
	a.Close()
	p.line(f.store("invoice.signed", `{}`), "failed", "connection refused")
	p.interrupt()
}

func TestListenSelectsAndLooksBack(t *testing.T) {
	t.Parallel()
	f, a := newFakeEngine(t), newApp(t)
	old := "evt_" + ulid.MustNew(ulid.Timestamp(time.Now().Add(-2*time.Hour)), ulid.DefaultEntropy()).String()
	f.storeAs(old, "invoice.signed", `{}`)
	hour := "evt_" + ulid.MustNew(ulid.Timestamp(time.Now().Add(-time.Hour)), ulid.DefaultEntropy()).String()
	f.storeAs(hour, "invoice.signed", `{}`)
	f.store("receipt.created", `{}`)
	last := f.store("invoice.paid", `{}`)
	for _, patterns := range []string{"invoice.*", "invoice.signed,invoice.paid"} {
		p := listening(t, f, a, "--since", "90m", "--events", patterns)
		p.line(last)
		p.interrupt()
	}
	if got := a.ids(); !slices.Equal(got, []string{hour, last, hour, last}) {
		t.Errorf("%q", got)
	}
}

func TestListenRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	f := newFakeEngine(t)
	local := []string{"listen", "--api", f.URL, "--forward-to", "http://127.0.0.1:1"}
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{2, "--allow-remote", []string{"listen", "--forward-to", "https://example.com/in"}},
		{2, "--allow-remote", []string{"listen", "--forward-to", "http://localhost.example.com"}},
		{2, "http://localhost:3000", []string{"listen", "--forward-to", "localhost:3000"}},
		{2, "user name", []string{"listen", "--forward-to", "http://u:p@localhost"}},
		{2, "since", append(local, "--since", "yesterday")},
		{2, "events", append(local, "--events", "dance")},
		{2, "whsec_", append(local, "--secret", "hunter2hunter2")},
		{1, "AFARA_API_KEY", local},
		{1, "not known", append(local, "--key", "key_x:hunter2hunter2")},
		{1, "Afara engine", append(local, "--key", fakeKey, "--api", f.URL+"/elsewhere")},
	} {
		got := afara(t, c.args...)
		if got.code != c.code || !strings.Contains(got.err, c.says) || strings.Contains(got.out+got.err, "hunter2") {
			t.Errorf("%q: exit %d, want %d with %q\n%s", c.args, got.code, c.code, c.says, got.err)
		}
	}
}
