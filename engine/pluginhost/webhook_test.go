package pluginhost_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// push is a request to a hostile connector, which answers what body is.
func push(name, do, body string) domain.Webhook {
	return domain.Webhook{
		Connection: domain.ConnectionRef{ID: "con_1", Version: 1, Connector: name, Environment: domain.Sandbox},
		Kind:       "push", Method: "POST", Path: "/hook", Query: "a=1", Header: http.Header{"X-Do": {do}},
		Body: []byte(body), ReceivedAt: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
	}
}

func (b *bundle) push(t *testing.T, do, body string) domain.WebhookOutcome {
	t.Helper()
	return b.HandleWebhook(t.Context(), push("bad", do, body))
}

func wantUnverified(t *testing.T, out domain.WebhookOutcome, class domain.Class, code string) {
	t.Helper()
	if out.Class != class || out.Error == nil || out.Error.Code != code || out.Events != nil || out.DedupeKey != "" || out.Reply.Status != 0 {
		t.Fatalf("got %+v (%+v), want %s with code %s and nothing believed", out, out.Error, class, code)
	}
}

func encoded(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestAWebhookReachesTheConnectorAsItCame(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	out := b.push(t, "show", "raw \x00\xff body")
	want := `push POST /hook a=1 "raw \x00\xff body" 2026-01-02T03:04:05.000006Z`
	if out.Class != domain.ClassResult || out.Error != nil || string(out.Reply.Body) != want {
		t.Fatalf("%+v %s", out, out.Reply.Body)
	}
	b.push(t, "show", "")
	if b.connections.looked != 1 {
		t.Errorf("the secrets went out %d times, want once", b.connections.looked)
	}
}

func TestWhatAWebhookMeantIsHandedOn(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	out := b.push(t, "", `{"dedupeKey":"n-1","events":[
		{"type":"document.registered","reference":"A-1","data":"`+encoded(`{"a":1}`)+`","occurredUnixMicros":"1767323045000000"},{"type":"other"}],
		"reply":{"status":202,"body":"`+encoded("thanks")+`","headers":[
		{"name":"X-Answer","values":["1","2"]},{"name":"x-hop","values":["1"]},{"name":"Connection","values":["close, X-Hop"]},
		{"name":"transfer-encoding","values":["chunked"]},{"name":"Content-Length","values":["9"]},{"name":"Set-Cookie","values":["a=b"]}]}}`)
	if out.Class != domain.ClassResult || out.DedupeKey != "n-1" || len(out.Events) != 2 {
		t.Fatalf("%+v", out)
	}
	first := out.Events[0]
	if first.Type != "document.registered" || first.Reference != "A-1" || string(first.Data) != `{"a":1}` || first.OccurredAt.Format(time.RFC3339) != "2026-01-02T03:04:05Z" {
		t.Errorf("%+v", first)
	}
	if second := out.Events[1]; string(second.Data) != "{}" || !second.OccurredAt.IsZero() {
		t.Errorf("%+v", second)
	}
	r := out.Reply
	if r.Status != 202 || string(r.Body) != "thanks" || len(r.Header) != 1 || len(r.Header["X-Answer"]) != 2 {
		t.Errorf("%+v: what is between two neighbours must not be handed on", r)
	}
	if out := b.push(t, "", `{}`); out.Class != domain.ClassResult || out.Reply.Status != http.StatusOK {
		t.Errorf("a handshake without event, key and status: %+v", out)
	}
}

func TestAnAnswerToAWebhookThatBreaksTheContractIsNotBelieved(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	event := func(member string) string {
		return `{"dedupeKey":"n","events":[{"type":"a"},{"type":"b",` + member + `}]}`
	}
	for what, body := range map[string]string{
		"no key":              `{"events":[{"type":"a"}]}`,
		"a long key":          `{"dedupeKey":"` + strings.Repeat("k", 201) + `"}`,
		"a key with a NUL":    `{"dedupeKey":"a\u0000"}`,
		"many events":         `{"dedupeKey":"n","events":[` + strings.Repeat(`{"type":"a"},`, 100) + `{"type":"a"}]}`,
		"no type":             `{"dedupeKey":"n","events":[{}]}`,
		"a long type":         `{"dedupeKey":"n","events":[{"type":"` + strings.Repeat("t", 101) + `"}]}`,
		"a type of two words": `{"dedupeKey":"n","events":[{"type":"a b"}]}`,
		"a long reference":    event(`"reference":"` + strings.Repeat("r", 201) + `"`),
		"a line end":          event(`"reference":"a\nb"`),
		"no JSON":             event(`"data":"` + encoded("{") + `"`),
		"much data":           event(`"data":"` + encoded(`"`+strings.Repeat("x", 256<<10)+`"`) + `"`),
		"a time before time":  event(`"occurredUnixMicros":"-1"`),
		"a time after time":   event(`"occurredUnixMicros":"253402300800000000"`),
		"an early status":     `{"reply":{"status":103}}`,
		"a late status":       `{"reply":{"status":600}}`,
		"a long reply":        `{"reply":{"status":200,"body":"` + encoded(strings.Repeat("x", 64<<10+1)) + `"}}`,
		"a header split":      `{"reply":{"headers":[{"name":"A","values":["b\r\nC: d"]}]}}`,
		"a header's name":     `{"reply":{"headers":[{"name":"A b","values":["c"]}]}}`,
		"long headers":        `{"reply":{"headers":[{"name":"A","values":["` + strings.Repeat("x", 8<<10) + `"]}]}}`,
		"many headers":        `{"reply":{"headers":[` + strings.Repeat(`{"name":"A","values":["b"]},`, 32) + `{"name":"A","values":["b"]}]}}`,
	} {
		out := b.push(t, "", body)
		if out.Class != domain.ClassInternal || out.Error.Code != "answer_invalid" || out.Events != nil || out.Reply.Status != 0 {
			t.Errorf("%s: %+v %+v", what, out, out.Error)
		}
	}
	wantUnverified(t, b.push(t, "tell", ""), domain.ClassInternal, "answer_invalid") // a secret in the reply
	if strings.Contains(b.log.String(), apiKey) {
		t.Error("a secret is in the log")
	}
	wantUnverified(t, b.push(t, "", `{"error":{"class":77}}`), domain.ClassInternal, "class_unknown")
	wantUnverified(t, b.push(t, "", "no answer at all"), domain.ClassInternal, "connector_failed")
	out := b.push(t, "", `{"dedupeKey":"n","events":[{"type":"a"}],"error":{"class":"CLASS_UNAUTHORIZED","code":"forged"}}`)
	wantUnverified(t, out, domain.ClassUnauthorized, "forged")
}

func TestAWebhooksErrorsAreRedacted(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	out := b.push(t, "leak", "")
	wantUnverified(t, out, domain.ClassUnauthorized, "told_so")
	if strings.Contains(out.Error.Message, apiKey) || !strings.Contains(out.Error.Message, "[secret]") {
		t.Errorf("%q", out.Error.Message)
	}
	// A stranger's request writes nothing into the registry.
	if last := b.status(t, "bad").LastError; last != nil {
		t.Errorf("last error %+v", last)
	}
}

func TestAWebhookThatCannotGoOutIsNotVerified(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	w := push("bad", "", "{}")
	w.Kind = "other"
	wantUnverified(t, b.HandleWebhook(t.Context(), w), domain.ClassUnsupported, "webhook_unknown")
	w = push("bad", "", "{}")
	w.Header.Set("X-Name", "caf\xe9")
	wantUnverified(t, b.HandleWebhook(t.Context(), w), domain.ClassInvalid, "webhook_not_utf8")
	wantUnverified(t, b.HandleWebhook(t.Context(), push("bad", "", strings.Repeat("x", 17<<20))), domain.ClassInvalid, "message_too_large")
	wantUnverified(t, b.HandleWebhook(t.Context(), push("nobody", "", "{}")), domain.ClassUnavailable, "connector_not_ready")
	if b.connections.looked != 0 {
		t.Error("one of them reached the connector")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	wantUnverified(t, b.HandleWebhook(ctx, push("bad", "slow", "")), domain.ClassUnavailable, "deadline_exceeded")
	b.connections.fail = context.DeadlineExceeded
	w = push("bad", "", "{}")
	w.Connection.Version = 2
	wantUnverified(t, b.HandleWebhook(t.Context(), w), domain.ClassUnavailable, "connection_unreadable")
}

// Whoever sends what ends the process makes no suspect hold: the message in
// flight beside it was not alone.
func TestAWebhookThatEndsTheProcessLeavesNobodyAlone(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	slow := make(chan domain.Outcome, 1)
	go func() { slow <- b.Invoke(context.WithoutCancel(t.Context()), call("bad", "slow_effect", `{}`)) }()
	b.arrived(t, 1)
	out := b.push(t, "exit", "")
	wantUnverified(t, out, domain.ClassUnavailable, "connector_crashed")
	if !out.Crashed {
		t.Error("not told that the process has ended")
	}
	if got := <-slow; !got.Crashed || got.Alone {
		t.Errorf("crashed %t, alone %t", got.Crashed, got.Alone)
	}
	eventually(t, "it is back", func() bool { return b.Ready("bad", domain.Sandbox) })
	if out := b.push(t, "", `{}`); out.Class != domain.ClassResult {
		t.Errorf("%+v", out.Error)
	}
}
