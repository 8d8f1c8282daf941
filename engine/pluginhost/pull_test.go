package pluginhost_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/schemas"
)

func pullOf(stream, cursor string) domain.Pull {
	return domain.Pull{
		Connection: domain.ConnectionRef{ID: "con_1", Version: 1, Connector: "bad", Environment: domain.Sandbox},
		Stream:     stream, Cursor: []byte(cursor),
	}
}

// pull reads a pull to its end and answers its batches.
func (b *bundle) pull(t *testing.T, p domain.Pull) ([]domain.PullBatch, domain.Outcome) {
	t.Helper()
	var all []domain.PullBatch
	out := b.Pull(t.Context(), p, func(batch domain.PullBatch) bool {
		all = append(all, batch)
		return true
	})
	return all, out
}

// good fails unless a pull came to its end with so many batches.
func good(t *testing.T, all []domain.PullBatch, out domain.Outcome, batches int) {
	t.Helper()
	if out.Class != domain.ClassResult || out.Error != nil || len(all) != batches {
		t.Fatalf("%s %+v with %d batches, want a result with %d", out.Class, out.Error, len(all), batches)
	}
}

func TestAPullGivesBatchAfterBatch(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	all, out := b.pull(t, pullOf("plain", ""))
	good(t, all, out, 4)
	last := all[3]
	r := last.Records[0]
	if r.Key != "k4" || string(r.Document.Body) != `{"n":4}` || r.Document.Digest != schemas.DigestOf(r.Document.Body) || r.Document.Schema != "" || r.OccurredAt.Unix() != 1_800_000_000 {
		t.Errorf("%+v", r)
	}
	if string(last.Cursor) != "4" || !last.CaughtUp || *last.Remaining != 0 || all[0].CaughtUp || last.ConnectorVersion != "1.2.3" {
		t.Errorf("%+v", last)
	}
	if b.connections.looked != 1 {
		t.Errorf("%d looks into the secrets, want 1: the connector lacked them once", b.connections.looked)
	}
	all, out = b.pull(t, pullOf("plain", "2"))
	good(t, all, out, 2)
	limited := pullOf("plain", "1")
	limited.Limit = 1
	if all, out = b.pull(t, limited); len(all) != 1 || string(all[0].Cursor) != "2" {
		t.Errorf("%+v %+v", all, out)
	}
	s := b.status(t, "bad")
	for _, op := range s.Operations {
		if op.Name == "pull.plain" && op.Calls == 3 {
			return
		}
	}
	t.Errorf("the pulls are not counted: %+v", s.Operations)
}

func TestAReaderEndsAPullInOrder(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	n := 0
	out := b.Pull(t.Context(), pullOf("endless", ""), func(domain.PullBatch) bool { n++; return n < 50 })
	if out.Class != domain.ClassResult || n != 50 {
		t.Fatalf("%s %+v after %d batches", out.Class, out.Error, n)
	}
	eventually(t, "the connector was told", func() bool { return b.tailHas(t, "pull was cut") })
	// A connector that shall rest is not read from any longer either.
	b.Order("bad", domain.Sandbox, pluginhost.Order{})
	out = b.Pull(t.Context(), pullOf("endless", ""), func(domain.PullBatch) bool {
		b.Order("bad", domain.Sandbox, pluginhost.Order{Want: pluginhost.WantPause})
		return true
	})
	if out.Class != domain.ClassResult {
		t.Errorf("%s %+v", out.Class, out.Error)
	}
	if b.status(t, "bad").InFlight != 0 {
		t.Error("an ended pull still holds a slot")
	}
}

func TestRecordsAreHeldToTheStreamsSchema(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	all, out := b.pull(t, pullOf("invoices", ""))
	good(t, all, out, 4)
	if d := all[0].Records[0].Document; d.Schema != schemas.InvoiceV1 || !d.Intact() {
		t.Errorf("%+v", d)
	}
	all, out = b.pull(t, pullOf("invoices_wrong", ""))
	wantClass(t, out, domain.ClassInternal, "record_invalid")
	if len(all) != 2 || !strings.Contains(out.Error.Message, `"k3"`) || !strings.Contains(out.Error.Message, "not a valid invoice") {
		t.Errorf("%d batches, %q", len(all), out.Error.Message)
	}
}

func TestWhatBreaksTheContractOfAStreamIsNotTaken(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	for stream, code := range map[string]string{
		"no_cursor": "cursor_missing", "long_cursor": "cursor_too_large", "no_key": "record_invalid", "long_key": "record_invalid",
		"nul_key": "record_invalid", "not_json": "record_invalid", "large": "record_invalid", "digest": "record_invalid", "far": "record_invalid",
		"greedy": "batch_too_large", "huge": "message_too_large", "forgets": "connection_unknown", "stuck": "pull_stuck",
	} {
		all, out := b.pull(t, pullOf(stream, ""))
		if out.Class != domain.ClassInternal || out.Error.Code != code || len(all) != 2 {
			t.Errorf("%s: %s %+v after %d batches, want internal %s after 2", stream, out.Class, out.Error, len(all), code)
		}
	}
	limited := pullOf("limit", "")
	limited.Limit = 2
	if all, out := b.pull(t, limited); out.Class != domain.ClassInternal || out.Error.Code != "limit_exceeded" || len(all) != 2 {
		t.Errorf("%s %+v after %d batches", out.Class, out.Error, len(all))
	}
	if all, out := b.pull(t, pullOf("half", "")); len(all) != 2 || out.Class != domain.ClassResult || all[1].CaughtUp {
		t.Errorf("a stream that just ends: %s %+v", out.Class, out.Error)
	}
}

func TestAPullThatFailsIsClassed(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.PullIdle = 300 * time.Millisecond })
	all, out := b.pull(t, pullOf("refuses", ""))
	wantClass(t, out, domain.ClassRateLimited, "slow_down")
	if len(all) != 2 || out.Error.RetryAfter != 1500*time.Millisecond || strings.Contains(out.Error.Message, "canary") {
		t.Errorf("%d batches, %+v", len(all), out.Error)
	}
	_, out = b.pull(t, pullOf("silent", ""))
	wantClass(t, out, domain.ClassUnavailable, "pull_idle")
	_, out = b.pull(t, pullOf("nothing", ""))
	wantClass(t, out, domain.ClassUnsupported, "stream_unknown")
	_, out = b.pull(t, pullOf("plain", strings.Repeat("9", 20_000)))
	wantClass(t, out, domain.ClassInternal, "pull_invalid")
	ctx, cancel := context.WithCancel(t.Context())
	out = b.Pull(ctx, pullOf("silent", ""), func(domain.PullBatch) bool { cancel(); return true })
	wantClass(t, out, domain.ClassUnavailable, "call_cut")
	_, out = b.pull(t, pullOf("exits", ""))
	wantClass(t, out, domain.ClassUnavailable, "connector_crashed")
	if !out.Crashed || !out.Alone {
		t.Errorf("crashed %t, alone %t", out.Crashed, out.Alone)
	}
	_, out = b.pull(t, domain.Pull{Connection: domain.ConnectionRef{ID: "con_1", Connector: "nobody", Environment: domain.Sandbox}, Stream: "plain"})
	wantClass(t, out, domain.ClassUnavailable, "connector_not_ready")
}

// The time in which a batch is stored is not the connector's.
func TestAReaderMayTakeItsTime(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.PullIdle = 200 * time.Millisecond })
	n := 0
	out := b.Pull(t.Context(), pullOf("plain", ""), func(domain.PullBatch) bool {
		if n++; n == 2 {
			<-time.After(500 * time.Millisecond)
		}
		return true
	})
	if out.Class != domain.ClassResult || n != 4 {
		t.Errorf("%s %+v after %d batches", out.Class, out.Error, n)
	}
}

func TestAPullOpensTheBreakerAndIsStoppedByIt(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) {
		c.PullIdle, c.BreakerFailures, c.BreakerOpen = 100*time.Millisecond, 2, time.Hour
	})
	for range 2 {
		_, out := b.pull(t, pullOf("silent", "2"))
		wantClass(t, out, domain.ClassUnavailable, "pull_idle")
	}
	_, out := b.pull(t, pullOf("plain", ""))
	wantClass(t, out, domain.ClassUnavailable, "breaker_open")
	wantClass(t, b.invoke(t, "bad", "echo", `{}`), domain.ClassUnavailable, "breaker_open")
}

func TestACredentialThatCameWithABatchIsKept(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	all, out := b.pull(t, pullOf("refreshes", ""))
	good(t, all, out, 4)
	if len(b.connections.saved) != 1 || b.connections.saved[0] != `{"token":"pulled-token"}` {
		t.Errorf("saved: %q", b.connections.saved)
	}
	raw, err := json.Marshal(b.Status())
	if err != nil || strings.Contains(string(raw), "pulled-token") {
		t.Errorf("the credential shows: %v", err)
	}
}
