package engine_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/secret"
	echo "github.com/afara-dev/afara/plugins/echo/simulator"
)

const hookSecret = "a-secret-of-echo-alone"

// onBothDatabases runs a test on the embedded default, and on PostgreSQL with
// Redis.
func onBothDatabases(t *testing.T, test func(t *testing.T, change ...func(*config.Config))) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		database, redis := testserver.Postgres(t), testserver.Redis(t).URL
		test(t, func(c *config.Config) {
			c.DatabaseURL, c.RedisURL = secret.Mask(database), secret.Mask(redis)
			c.MasterKey = secret.Mask("k1:" + strings.Repeat("QUFB", 10) + "QUE=")
		})
	})
}

// vendor is echo's registry with a connection to it, over which it serves the
// environment's invoices.
type vendor struct {
	*echo.Simulator
	w          *world
	connection string
	hook       string
	// lost makes it register, lose the answer and from then on find nothing for an
	// hour.
	lost, deaf atomic.Bool
}

func (w *world) vendor() *vendor {
	w.t.Helper()
	v := &vendor{w: w, Simulator: echo.New(echo.Options{APIKey: "echo-key-1", WebhookSecret: hookSecret})}
	server := httptest.NewServer(v)
	w.t.Cleanup(server.Close)
	var c struct{ ID, WebhookURL string }
	if code := w.call("POST", "/si/connections", map[string]any{
		"connector": "echo", "capabilities": []string{"invoice"}, "enabled": true,
		"settings": map[string]any{"baseUrl": server.URL, "apiKey": "echo-key-1", "webhookSecret": hookSecret},
	}, &c); code != http.StatusCreated {
		w.t.Fatal(code)
	}
	v.connection, v.hook = c.ID, "/webhooks/echo/"+c.ID
	if c.WebhookURL != "https://afara.example"+v.hook {
		w.t.Errorf("webhookUrl %q", c.WebhookURL)
	}
	v.is("running")
	return v
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.deaf.Load() {
		w.Header().Set("Retry-After", "3600")
		http.Error(w, "{}", http.StatusServiceUnavailable)
		return
	}
	if r.Method == http.MethodPut && v.lost.Load() {
		v.Simulator.ServeHTTP(httptest.NewRecorder(), r)
		v.deaf.Store(true)
		panic(http.ErrAbortHandler)
	}
	v.Simulator.ServeHTTP(w, r)
}

// is waits until the connector is in a state.
func (v *vendor) is(state string) {
	v.w.t.Helper()
	eventually(v.w.t, "the connector is "+state, func() bool {
		var c seenConnector
		return v.w.call("GET", "/si/connectors/registry/echo", nil, &c) == http.StatusOK && c.State == state
	})
}

func (v *vendor) order(action string) {
	v.w.t.Helper()
	if code := v.w.call("POST", "/si/connectors/registry/echo/"+action, nil, nil); code != http.StatusAccepted {
		v.w.t.Fatalf("%s: status %d", action, code)
	}
}

// told is a notification that the vendor signed at a time.
type told struct {
	body   string
	header http.Header
}

func signedAt(at time.Time, id, reference, more string) told {
	n := told{body: fmt.Sprintf(`{"id":%q,"type":"document.registered","reference":%q,"at":"2026-01-02T03:04:05Z"%s}`, id, reference, more), header: http.Header{}}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	m := hmac.New(sha256.New, []byte(hookSecret))
	m.Write([]byte(timestamp + "." + n.body))
	n.header.Set("X-Echo-Timestamp", timestamp)
	n.header.Set("X-Echo-Signature", hex.EncodeToString(m.Sum(nil)))
	return n
}

// push sends a notification and answers the status.
func (v *vendor) push(n told) int {
	v.w.t.Helper()
	return v.pushTo(v.hook, n)
}

func (v *vendor) pushTo(path string, n told) int {
	v.w.t.Helper()
	req, err := http.NewRequestWithContext(v.w.t.Context(), "POST", v.w.url+path, bytes.NewReader([]byte(n.body)))
	must(v.w.t, err)
	req.Header = n.header.Clone()
	resp, err := client.Do(req)
	must(v.w.t, err)
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	must(v.w.t, err)
	if retry := resp.Header.Get("Retry-After"); (resp.StatusCode == http.StatusServiceUnavailable) != (retry != "") {
		v.w.t.Errorf("status %d with Retry-After %q", resp.StatusCode, retry)
	}
	return resp.StatusCode
}

// pushed counts what came, by state, and the events that it told.
func (v *vendor) pushed() (states map[string]int, events []string) {
	v.w.t.Helper()
	var page struct {
		Data []struct {
			State  string
			Events []struct{ Type, Reference string }
		}
	}
	if code := v.w.call("GET", "/si/connections/"+v.connection+"/webhooks?limit=200", nil, &page); code != http.StatusOK {
		v.w.t.Fatal(code)
	}
	states = map[string]int{}
	for _, r := range page.Data {
		states[r.State]++
		for _, e := range r.Events {
			events = append(events, e.Type+" "+e.Reference)
		}
	}
	return states, events
}

func (v *vendor) wantPushed(unverified, verified, refused, duplicate int, events ...string) {
	v.w.t.Helper()
	states, got := v.pushed()
	want := fmt.Sprint(unverified, verified, refused, duplicate)
	if is := fmt.Sprint(states["unverified"], states["verified"], states["refused"], states["duplicate"]); is != want || fmt.Sprint(got) != fmt.Sprint(events) {
		v.w.t.Errorf("unverified, verified, refused, duplicate: %s, want %s; events %v, want %v", is, want, got, events)
	}
}

// stored is all that a table holds of texts.
func (w *world) stored(sql string) string {
	w.t.Helper()
	rows, err := w.engine.Store.Reader().Query(w.t.Context(), sql)
	must(w.t, err)
	defer rows.Close()
	var all strings.Builder
	for rows.Next() {
		var text string
		must(w.t, rows.Scan(&text))
		all.WriteString(text)
	}
	must(w.t, rows.Err())
	return all.String()
}

func public(c *config.Config) { c.PublicURL = "https://afara.example" }

func TestAPushIsBelievedOnlyWithItsProof(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, change ...func(*config.Config)) {
		w := start(t, append(change, public)...)
		v := w.vendor()
		now := time.Now()
		good := signedAt(now, "ntf-1", "REF-1", "")
		altered, forged, missing := signedAt(now, "ntf-2", "REF-2", ""), signedAt(now, "ntf-3", "REF-3", ""), signedAt(now, "ntf-4", "REF-4", "")
		altered.body += " "
		forged.header.Set("X-Echo-Signature", strings.Repeat("ab", 32))
		missing.header.Del("X-Echo-Signature")
		for what, n := range map[string]told{
			"altered body": altered, "forged": forged, "no signature": missing,
			"old": signedAt(now.Add(-6*time.Minute), "ntf-5", "REF-5", ""), "early": signedAt(now.Add(6*time.Minute), "ntf-6", "REF-6", ""),
		} {
			if code := v.push(n); code != http.StatusUnauthorized {
				t.Errorf("%s: status %d", what, code)
			}
		}
		v.wantPushed(0, 0, 5, 0)
		for _, path := range []string{"/webhooks/echo/con_01J00000000000000000000000", "/webhooks/firs/" + v.connection, v.hook + "/other"} {
			if code := v.pushTo(path, good); code != http.StatusNotFound {
				t.Errorf("%s: status %d", path, code)
			}
		}
		for range 2 { // the second is a replay, byte for byte
			if code := v.push(good); code != http.StatusOK {
				t.Errorf("status %d", code)
			}
		}
		if code := v.pushTo(v.hook+"/document", signedAt(now.Add(-time.Second), "ntf-1", "REF-1", "")); code != http.StatusOK { // signed anew
			t.Errorf("status %d", code)
		}
		v.wantPushed(0, 1, 5, 1, "document.registered REF-1")
	})
}

// While the connector is down nothing is believed and nothing lost, not by a
// restart of the engine either.
func TestAStoppedConnectorsPushesAreVerifiedWhenItIsBack(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, change ...func(*config.Config)) {
		w := start(t, append(change, public)...)
		v := w.vendor()
		v.order("stop")
		v.is("stopped")
		const canary = "CANARY-OF-THE-BODY"
		good := signedAt(time.Now(), "ntf-1", "REF-1", `,"note":"`+canary+`"`)
		forged := signedAt(time.Now(), "ntf-2", "REF-2", "")
		forged.body = strings.Replace(forged.body, "REF-2", "REF-X", 1)
		for _, n := range []told{good, good, signedAt(time.Now().Add(-time.Second), "ntf-1", "REF-1", ""), forged} {
			if code := v.push(n); code != http.StatusServiceUnavailable {
				t.Errorf("status %d", code)
			}
		}
		v.wantPushed(3, 0, 0, 0) // the second one was the first
		const all = `SELECT id || kind || digest || content || dedupe_key || reply || error_code FROM webhook_request`
		if raw := w.stored(all); strings.Contains(raw, canary) || strings.Contains(raw, good.header.Get("X-Echo-Signature")) || len(raw) < 3*len(good.body) {
			t.Errorf("stored %s", raw)
		}
		w.stop()
		w.run()
		v.is("stopped")
		v.wantPushed(3, 0, 0, 0)
		v.order("resume")
		eventually(t, "all are decided", func() bool {
			states, _ := v.pushed()
			return states["unverified"] == 0
		})
		v.wantPushed(0, 1, 1, 1, "document.registered REF-1")
		if code := v.push(good); code != http.StatusOK {
			t.Errorf("the vendor's repeat: status %d", code)
		}
		v.wantPushed(0, 1, 1, 2, "document.registered REF-1") // to another port, so not the very same
		if raw := w.stored(all) + w.stored(`SELECT data FROM webhook_event`); strings.Contains(raw, canary) {
			t.Errorf("stored %s", raw)
		}
	})
}

// A genuine notification makes the look-up of its reference due, which confirms
// it; a forged one changes nothing.
func TestANotificationEndsADoubtByItsLookup(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, change ...func(*config.Config)) {
		w := start(t, append(change, public)...)
		v := w.vendor()
		v.lost.Store(true)
		var a answer
		if code := w.call("POST", "/si/invoices", map[string]any{"invoice": w.invoice("HOOK-1")}, &a); code != http.StatusAccepted {
			t.Fatal(code)
		}
		var reference string
		due := func() (at int64) {
			rows, err := w.engine.Store.Reader().Query(t.Context(), `SELECT due_at, vendor_reference FROM work JOIN attempt ON attempt.id = work.open_attempt WHERE work.owner = ''`)
			must(t, err)
			defer rows.Close()
			for rows.Next() {
				must(t, rows.Scan(&at, &reference))
			}
			must(t, rows.Err())
			return at
		}
		hour := time.Now().Add(50 * time.Minute).UnixMicro()
		eventually(t, "it waits long for its look-up", func() bool { return due() > hour })
		v.lost.Store(false)
		v.deaf.Store(false)
		before := due()
		forged := signedAt(time.Now(), "ntf-9", reference, "")
		forged.header.Set("X-Echo-Signature", strings.Repeat("ab", 32))
		if code := v.push(forged); code != http.StatusUnauthorized || due() != before {
			t.Fatalf("forged: status %d, due %d, was %d", code, due(), before)
		}
		n, ok, err := v.Notification(t.Context(), w.url+v.hook, reference)
		if err != nil || !ok {
			t.Fatalf("%v: the vendor does not know %q", err, reference)
		}
		resp, err := client.Do(n)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("status %d", resp.StatusCode)
		}
		if e := w.receiver.next(t); e.Type != "invoice.signed" || e.Data["id"] != a.ID {
			t.Errorf("%+v", e)
		}
		v.wantPushed(0, 1, 1, 0, "document.registered "+reference)
	})
}
