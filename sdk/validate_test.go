package sdk_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func TestFaultySettingsAreNamedFieldByField(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	e := start(t, urlTeller(&runs))
	for range 2 { // found once, told each time
		a := e.invoke(t, "probe.run", on("con_1", 1, `{"url":7,"password":["hunter2hunter2"]}`))
		wantError(t, a.GetError(), connectorpb.Class_CLASS_MISCONFIGURED, "settings_invalid")
		var at []string
		for _, f := range a.GetError().Fields {
			at = append(at, f.Pointer)
			if f.Detail == "" || f.Fix == "" {
				t.Errorf("no words at %s", f.Pointer)
			}
		}
		if strings.Join(at, " ") != "/password /url" || strings.Contains(a.String(), "hunter2") {
			t.Errorf("got %v", a)
		}
	}
	if a := e.invoke(t, "probe.run", on("con_1", 2, `{"url":"a"}`)); string(a.GetResult()) != `"a"` {
		t.Errorf("put right: %v", a)
	}
}

func TestParametersThatTheSchemaRefusesReachNoHandler(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	count := func(context.Context, *sdk.Call) error { runs.Add(1); return nil }
	e := start(t, probe{sign: count, run: func(ctx context.Context, call *sdk.Call) (json.RawMessage, error) {
		return json.RawMessage(`{}`), count(ctx, call)
	}})
	for _, c := range []struct{ operation, parameters, at string }{
		{"invoice.sign", `{}`, "/irn"},
		{"invoice.sign", ``, "/irn"},
		{"invoice.sign", `{"irn":5}`, "/irn"},
		{"invoice.sign", `{"irn":"A","x":1}`, "/x"},
		{"invoice.sign", `{`, ""},
		{"probe.run", `[]`, ""},
	} {
		a := e.invoke(t, c.operation, with(c.parameters))
		wantError(t, a.GetError(), connectorpb.Class_CLASS_INVALID, "parameters_invalid")
		if f := a.GetError().Fields; len(f) != 1 || f[0].Pointer != c.at {
			t.Errorf("%s %s: %v", c.operation, c.parameters, f)
		}
	}
	if n := runs.Load(); n != 0 {
		t.Fatalf("%d handlers ran", n)
	}
	e.invoke(t, "probe.run", with(``)) // none are the empty ones
	if n := runs.Load(); n != 1 {
		t.Errorf("%d handlers ran, want 1", n)
	}
}
