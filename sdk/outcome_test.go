package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

const (
	internal    = connectorpb.Class_CLASS_INTERNAL
	unknown     = connectorpb.Class_CLASS_UNKNOWN_OUTCOME
	unavailable = connectorpb.Class_CLASS_UNAVAILABLE
	rejected    = connectorpb.Class_CLASS_REJECTED
	unsupported = connectorpb.Class_CLASS_UNSUPPORTED
)

// TestWhatAHandlerDoesGetsAClass runs each ending twice: before a request with an
// effect has begun, and after.
func TestWhatAHandlerDoesGetsAClass(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		end           func(*sdk.Call) error
		code          string
		before, after connectorpb.Class
	}{
		{"plain error", func(*sdk.Call) error { return errors.New("oops") }, "unclassified", internal, unknown},
		{"panic", func(*sdk.Call) error { panic("oops") }, "panic", internal, unknown},
		{"internal", func(*sdk.Call) error { return sdk.Internalf("bug", "oops") }, "bug", internal, unknown},
		{"class that is none", func(*sdk.Call) error { return &sdk.Error{Class: "odd", Code: "odd"} }, "unclassified", internal, unknown},
		{"explicit refusal", func(*sdk.Call) error { return sdk.Rejectedf("no", "the vendor said no") }, "no", rejected, rejected},
		{"wrapped refusal", func(*sdk.Call) error { return errors.Join(errors.New("a"), sdk.Rejectedf("no", "no")) }, "no", rejected, rejected},
		{"explicit doubt", func(*sdk.Call) error { return sdk.UnknownOutcomef("lost", "no answer") }, "lost", unknown, unknown},
		{"too much state", func(c *sdk.Call) error { c.SetState(make([]byte, sdk.MaxStateBytes+1)); return nil }, "state_too_large", internal, unknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for begun, class := range map[bool]connectorpb.Class{false: c.before, true: c.after} {
				e := start(t, probe{sign: func(ctx context.Context, call *sdk.Call) error {
					if begun {
						if err := sdk.MarkBegan(ctx); err != nil {
							t.Error(err)
						}
					}
					return c.end(call)
				}})
				wantError(t, e.invoke(t, "invoice.sign").GetError(), class, c.code)
			}
		})
	}
}

func TestAResultThatIsNoJSONIsInternal(t *testing.T) {
	t.Parallel()
	for name, result := range map[string]string{"empty": "", "cut": `{"a":`, "two values": `{} {}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, probe{run: func(context.Context, *sdk.Call) (json.RawMessage, error) { return json.RawMessage(result), nil }})
			wantError(t, e.invoke(t, "probe.run").GetError(), internal, "result_unreadable")
		})
	}
}

func TestACutCallIsUnavailableBeforeAnEffectAndADoubtAfter(t *testing.T) {
	t.Parallel()
	for begun, class := range map[bool]connectorpb.Class{false: unavailable, true: unknown} {
		answers := make(chan *connectorpb.InvokeResponse, 1)
		server, err := sdk.NewServer(probe{sign: func(ctx context.Context, _ *sdk.Call) error {
			if begun {
				_ = sdk.MarkBegan(ctx)
			}
			<-ctx.Done()
			return ctx.Err()
		}}, sdk.WithLogOutput(new(buffer)))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			answer, err := server.Invoke(ctx, &connectorpb.InvokeRequest{Connection: connection(1, "{}"), Operation: "invoice.sign", Parameters: []byte(`{"irn":"X"}`)})
			if err != nil {
				t.Error(err)
			}
			answers <- answer
		}()
		cancel()
		wantError(t, (<-answers).GetError(), class, "call_cut")
	}
}

func TestNoEffectBeginsAfterTheDeadline(t *testing.T) {
	t.Parallel()
	deadline := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		now   time.Time
		class connectorpb.Class
	}{{deadline, connectorpb.Class_CLASS_UNSPECIFIED}, {deadline.Add(time.Microsecond), unavailable}} {
		var began bool
		e := start(t, probe{sign: func(ctx context.Context, call *sdk.Call) error {
			if !call.Deadline.Equal(deadline) {
				t.Errorf("deadline %s", call.Deadline)
			}
			err := sdk.MarkBegan(ctx)
			began = err == nil
			return err
		}}, sdk.WithClock(func() time.Time { return c.now }))
		answer := e.invoke(t, "invoice.sign", func(in *connectorpb.InvokeRequest) { in.DeadlineUnixMicros = deadline.UnixMicro() })
		if answer.GetError().GetClass() != c.class || began != (c.class == connectorpb.Class_CLASS_UNSPECIFIED) {
			t.Errorf("at %s: began %t, answer %v", c.now, began, answer)
		}
	}
}

func TestACallBeginsOneEffect(t *testing.T) {
	t.Parallel()
	e := start(t, probe{sign: func(ctx context.Context, _ *sdk.Call) error {
		_ = sdk.MarkBegan(ctx)
		return sdk.MarkBegan(ctx)
	}})
	wantError(t, e.invoke(t, "invoice.sign").GetError(), unknown, "second_effect")
}

// TestNothingBeginsAfterTheAnswer: a goroutine that outlives its handler may not
// contradict "nothing happened".
func TestNothingBeginsAfterTheAnswer(t *testing.T) {
	t.Parallel()
	answered, late := make(chan struct{}), make(chan error, 1)
	e := start(t, probe{sign: func(ctx context.Context, _ *sdk.Call) error {
		go func() {
			<-answered
			late <- sdk.MarkBegan(ctx)
		}()
		return sdk.Unavailablef("busy", "later")
	}})
	wantError(t, e.invoke(t, "invoice.sign").GetError(), unavailable, "busy")
	close(answered)
	if <-late == nil {
		t.Error("an effect began after the call was answered")
	}
}

func TestAnOperationWithoutEffectHasNoDoubts(t *testing.T) {
	t.Parallel()
	e := start(t, probe{run: func(ctx context.Context, _ *sdk.Call) (json.RawMessage, error) {
		for range 2 {
			if err := sdk.MarkBegan(ctx); err != nil {
				return nil, err
			}
		}
		panic("oops")
	}})
	wantError(t, e.invoke(t, "probe.run").GetError(), internal, "panic")
	if log := e.log.String(); !strings.Contains(log, "handler panicked") || !strings.Contains(log, "outcome_test.go") {
		t.Errorf("the log lacks the panic's stack: %s", log)
	}
}

func TestAnUnknownOperationIsUnsupported(t *testing.T) {
	t.Parallel()
	e := start(t, probe{})
	wantError(t, e.invoke(t, "invoice.transmit").GetError(), unsupported, "operation_unknown")
}

func TestErrorsTravelWhole(t *testing.T) {
	t.Parallel()
	e := start(t, probe{sign: func(context.Context, *sdk.Call) error {
		return &sdk.Error{
			Class: sdk.Rejected, Code: "c", Message: "m", VendorCode: "vc", VendorText: "vt",
			VendorAnswer: []byte(strings.Repeat("x", sdk.MaxVendorAnswerBytes+1)), RetryAfter: 1500 * time.Millisecond,
			Fields: []sdk.FieldError{{Pointer: "/a/0", Code: "fc", Detail: "d", Fix: "f"}},
		}
	}})
	got := e.invoke(t, "invoice.sign").GetError()
	f := got.GetFields()
	if got.Code != "c" || got.Message != "m" || got.VendorCode != "vc" || got.VendorText != "vt" || got.RetryAfterMillis != 1500 ||
		len(got.VendorAnswer) != sdk.MaxVendorAnswerBytes || len(f) != 1 || f[0].Pointer != "/a/0" || f[0].Code != "fc" || f[0].Detail != "d" || f[0].Fix != "f" {
		t.Errorf("got %v", got)
	}
}

func TestAnErrorfKeepsItsCause(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	err := error(sdk.Misconfiguredf("bad", "with %w", cause))
	if !errors.Is(err, cause) || err.Error() != "misconfigured: bad: with cause" {
		t.Errorf("got %v", err)
	}
}
