package pluginhost_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
	"github.com/afara-dev/afara/schemas"
)

func TestAConnectorOnTheSDKAnswers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, dir, "good", "good", hostile.Good("good"))
	b := setup(t, dir, nil)
	b.start(t, "good")
	c := call("good", "echo", `{"a":1}`)
	c.Document = schemas.Restore(schemas.InvoiceV1, schemas.DigestOf([]byte("{}")), []byte("{}"))
	out := b.Invoke(t.Context(), c)
	wantResult(t, out, `{"a":1}`)
	if out.ConnectorVersion != hostile.Version || out.Began.IsZero() || out.Ended.Before(out.Began) {
		t.Errorf("version %q, began %s, ended %s", out.ConnectorVersion, out.Began, out.Ended)
	}
	if m, ok := b.Manifest("good", domain.Sandbox); !ok || m.Version != hostile.Version {
		t.Errorf("manifest: %v, %v", m, ok)
	}
}

func TestSettingsGoOutOnlyWhenTheConnectorLacksThem(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	for range 3 {
		wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
	}
	if b.connections.looked != 1 {
		t.Errorf("the secrets were read %d times for three calls, want 1", b.connections.looked)
	}
	b.connections.version = 2
	c := call("bad", "echo", `{}`)
	c.Connection.Version = 2
	wantResult(t, b.Invoke(t.Context(), c), `{}`)
	if b.connections.looked != 2 {
		t.Errorf("a newer version was not handed over: %d looks", b.connections.looked)
	}
	// A caller with an older reference is served with the newest.
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
	if b.connections.looked != 2 {
		t.Errorf("an old reference made the secrets go out again: %d looks", b.connections.looked)
	}
}

func TestAConnectionThatCannotBeReadIsUnavailable(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	b.connections.fail = errors.New("the store is away")
	wantClass(t, b.invoke(t, "bad", "slow_effect", `{}`), domain.ClassUnavailable, "connection_unreadable")
}

func TestAConnectorThatForgetsItsConnectionIsAtFault(t *testing.T) {
	t.Parallel()
	b := bad(t, "forgetful", nil)
	wantClass(t, b.invoke(t, "forgetful", "exit_effect", `{}`), domain.ClassInternal, "connection_unknown")
	if b.connections.looked != 1 {
		t.Errorf("%d looks into the secrets, want 1", b.connections.looked)
	}
}

func TestParametersAreValidatedBeforeTheyGoOut(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	out := b.invoke(t, "bad", "strict", `{"irn":7,"more":1}`)
	wantClass(t, out, domain.ClassInvalid, "parameters_invalid")
	if len(out.Error.Fields) != 2 {
		t.Errorf("fields: %+v, want both faults", out.Error.Fields)
	}
	if b.connections.looked != 0 {
		t.Error("invalid parameters reached the connector")
	}
	wantResult(t, b.invoke(t, "bad", "strict", `{"irn":"A"}`), `{"irn":"A"}`)
}

func TestAResultThatBreaksTheSchemaIsNotBelieved(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	wantClass(t, b.invoke(t, "bad", "wrong", `{"irn":"A"}`), domain.ClassInternal, "result_invalid")
	// Whether the effect happened, a wrong answer cannot tell.
	wantClass(t, b.invoke(t, "bad", "wrong_effect", `{"irn":"A"}`), domain.ClassUnknownOutcome, "result_invalid")
	wantClass(t, b.invoke(t, "bad", "empty_effect", `{}`), domain.ClassUnknownOutcome, "answer_empty")
	wantClass(t, b.invoke(t, "bad", "state_effect", `{"size":20000}`), domain.ClassUnknownOutcome, "state_too_large")
	if out := b.invoke(t, "bad", "state", `{"size":10}`); string(out.State) != strings.Repeat("s", 10) {
		t.Errorf("state %q was not handed on", out.State)
	}
}

func TestErrorsKeepTheirClass(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	for number, class := range map[string]domain.Class{
		"1": domain.ClassInvalid, "2": domain.ClassRejected, "3": domain.ClassUnsupported,
		"4": domain.ClassUnauthorized, "5": domain.ClassMisconfigured, "6": domain.ClassRateLimited,
		"7": domain.ClassUnavailable, "8": domain.ClassUnknownOutcome, "9": domain.ClassInternal,
	} {
		out := b.invoke(t, "bad", "classed", `{"class":`+number+`}`)
		wantClass(t, out, class, "told_so")
		if out.Error.RetryAfter != 1500*time.Millisecond {
			t.Errorf("%s: retry after %s", class, out.Error.RetryAfter)
		}
	}
	wantClass(t, b.invoke(t, "bad", "classed", `{"class":77}`), domain.ClassInternal, "class_unknown")
}

func TestWhatCannotBeCalledIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, dir, "bad", "bad", hostile.Bad("bad"))
	b := setup(t, dir, nil)
	wantClass(t, b.invoke(t, "bad", "echo", `{}`), domain.ClassUnavailable, "connector_not_ready")
	b.start(t, "bad")
	b.Need("bad", domain.Production)
	eventually(t, "production runs", func() bool { return b.Ready("bad", domain.Production) })
	wantClass(t, b.invoke(t, "bad", "nonsense", `{}`), domain.ClassUnsupported, "operation_unsupported")
	wantResult(t, b.invoke(t, "bad", "sandbox", `{}`), `{}`)
	c := call("bad", "sandbox", `{}`)
	c.Connection.Environment = domain.Production
	wantClass(t, b.Invoke(t.Context(), c), domain.ClassUnsupported, "operation_unsupported")
	c = call("bad", "echo", `{}`)
	c.Document = schemas.Document{Schema: schemas.InvoiceV1, Body: []byte("{}")}
	wantClass(t, b.Invoke(t.Context(), c), domain.ClassInternal, "document_unproved")
	c = call("bad", "echo", `{}`)
	c.Deadline = time.Now().Add(-time.Second)
	wantClass(t, b.Invoke(t.Context(), c), domain.ClassUnavailable, "deadline_passed")
	big := make([]byte, 17<<20)
	c.Document = schemas.Restore(schemas.InvoiceV1, schemas.DigestOf(big), big)
	c.Deadline = time.Time{}
	wantClass(t, b.Invoke(t.Context(), c), domain.ClassInvalid, "message_too_large")
}

func TestSandboxAndProductionAreSeparateProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, dir, "bad", "bad", hostile.Bad("bad"))
	b := setup(t, dir, nil)
	b.start(t, "bad")
	b.Need("bad", domain.Production)
	eventually(t, "production runs", func() bool { return b.Ready("bad", domain.Production) })
	all := b.Status()
	if len(all) != 2 || all[0].PID == all[1].PID || all[0].Environment == all[1].Environment {
		t.Errorf("instances: %+v", all)
	}
}

func TestASlowHandlerIsCutAtTheDeadline(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	wantClass(t, b.invoke(t, "bad", "quick", `{}`), domain.ClassUnavailable, "deadline_exceeded") // the manifest's 500 ms
	c := call("bad", "slow_effect", `{}`)
	c.Deadline = time.Now().Add(500 * time.Millisecond)
	out := b.Invoke(t.Context(), c)
	wantClass(t, out, domain.ClassUnknownOutcome, "deadline_exceeded")
	if out.Crashed {
		t.Error("a deadline was taken for a crash")
	}
	eventually(t, "the handler was told", func() bool { return b.tailHas(t, "handler was cut: context") })
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if out := b.Invoke(ctx, call("bad", "slow", `{}`)); out.Class != domain.ClassUnavailable {
		t.Errorf("a call given up is %s", out.Class)
	}
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
}

func TestGRPCFailuresAreClassed(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	for _, tc := range []struct {
		verb, code string
		class      domain.Class
		want       string
	}{
		{"status", "8", domain.ClassInternal, "message_too_large"},
		{"status", "13", domain.ClassInternal, "connector_failed"},
		{"status", "14", domain.ClassUnavailable, "connector_unreachable"},
		{"status_effect", "8", domain.ClassUnknownOutcome, "message_too_large"},
		{"status_effect", "13", domain.ClassUnknownOutcome, "connector_failed"},
		{"status_effect", "14", domain.ClassUnknownOutcome, "connector_unreachable"},
	} {
		out := b.invoke(t, "bad", tc.verb, `{"code":`+tc.code+`}`)
		wantClass(t, out, tc.class, tc.want)
		if out.Crashed {
			t.Errorf("%s %s was taken for a crash", tc.verb, tc.code)
		}
	}
	// What they left behind does not make two calls that fall together lonely.
	other := make(chan domain.Outcome)
	go func() { other <- b.Invoke(t.Context(), call("bad", "slow", `{}`)) }()
	b.arrived(t, 1)
	if out := b.invoke(t, "bad", "exit", `{}`); !out.Crashed || out.Alone {
		t.Errorf("crashed %t, alone %t", out.Crashed, out.Alone)
	}
	if out := <-other; !out.Crashed || out.Alone {
		t.Errorf("crashed %t, alone %t", out.Crashed, out.Alone)
	}
}

func TestANewCredentialReachesTheStore(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	wantResult(t, b.invoke(t, "bad", "refresh", `{"text":"second-token"}`), `{}`)
	if len(b.connections.saved) != 1 || b.connections.saved[0] != `{"token":"second-token"}` {
		t.Errorf("saved: %q", b.connections.saved)
	}
	// Losing the race to another node does not harm the call.
	b.connections.version = 5
	wantResult(t, b.invoke(t, "bad", "refresh", `{"text":"third-token"}`), `{}`)
}

func TestCheckProvesAConnection(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	if err := b.Check(t.Context(), call("bad", "", "").Connection); err != nil {
		t.Fatal(err)
	}
	b.connections.fail = errors.New("the store is away")
	ref := call("bad", "", "").Connection
	ref.ID = "con_2"
	var e *domain.ConnectorError
	if err := b.Check(t.Context(), ref); !errors.As(err, &e) || e.Class != domain.ClassUnavailable {
		t.Errorf("check: %v", err)
	}
	ref.Connector = "nobody"
	if err := b.Check(t.Context(), ref); !errors.As(err, &e) || e.Code != "connector_not_ready" {
		t.Errorf("check: %v", err)
	}
}

func TestAConnectionWithoutSlotsLetsOthersPass(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.MaxPerConnection = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan domain.Outcome)
	go func() { done <- b.Invoke(ctx, call("bad", "slow", `{}`)) }()
	eventually(t, "the slow call is under way", func() bool { return b.status(t, "bad").InFlight == 1 })
	c := call("bad", "echo", `{}`)
	c.Deadline = time.Now().Add(500 * time.Millisecond)
	wantClass(t, b.Invoke(t.Context(), c), domain.ClassUnavailable, "busy")
	c = call("bad", "echo", `{}`)
	c.Connection.ID = "con_2"
	wantResult(t, b.Invoke(t.Context(), c), `{}`)
	cancel()
	<-done
}

// What happens in the host before a call leaves it (here the proof of large
// parameters; a node that stands still) is taken off the call's time: else a
// request could leave after it was looked up and found missing.
func TestTheConnectorGetsNoLaterDeadlineThanTheCallHad(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	c := call("bad", "deadline", `{"text":"`+strings.Repeat("x", 900_000)+`"}`)
	c.Deadline = time.Now().Add(10 * time.Second)
	out := b.Invoke(t.Context(), c)
	var got struct{ Micros int64 }
	if out.Class != domain.ClassResult || json.Unmarshal(out.Result, &got) != nil {
		t.Fatalf("%s %+v", out.Class, out.Error)
	}
	if late := time.UnixMicro(got.Micros).Sub(c.Deadline); late > 0 || late < -time.Second {
		t.Errorf("the connector may begin until %s after the call's deadline", late)
	}
}
