package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// logged runs f as a handler and gives its lines, read as JSON.
func logged(t *testing.T, f func(context.Context, *slog.Logger), opts ...sdk.Option) []map[string]any {
	t.Helper()
	e := start(t, probe{run: func(ctx context.Context, _ *sdk.Call) (json.RawMessage, error) {
		f(ctx, sdk.Log(ctx))
		return json.RawMessage(`{}`), nil
	}}, opts...)
	if a := e.invoke(t, "probe.run"); a.GetError() != nil {
		t.Fatal(a)
	}
	var lines []map[string]any
	for _, raw := range e.log.lines() {
		if raw == "" {
			continue
		}
		if len(raw) >= 32<<10 {
			t.Errorf("a line has %d bytes", len(raw))
		}
		line := make(map[string]any)
		if err := json.Unmarshal([]byte(raw), &line); err != nil {
			t.Fatalf("line %q: %v", raw, err)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestALogLineHasTheFormTheEngineReads(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 5, 6, 7000, time.FixedZone("", 3600))
	lines := logged(t, func(ctx context.Context, log *slog.Logger) {
		r := slog.NewRecord(now, slog.LevelWarn, "slow \"vendor\"\n", 0)
		r.Add("n", 7, "ok", true, "took", time.Second, "err", errors.New("e"), "list", []int{1},
			slog.Group("http", "status", 500, slog.Group("", "inline", 1)), slog.Attr{})
		_ = log.WithGroup("g").With("base", "b").Handler().Handle(ctx, r)
	})
	want := map[string]any{
		"@level": "warn", "@message": "slow \"vendor\"\n", "@timestamp": "2026-11-23T09:05:06.000007+01:00",
		"operation": "probe.run", "connection": "con_1", "message": "msg_1",
		"g.base": "b", "g.n": 7.0, "g.ok": true, "g.took": "1s", "g.err": "e", "g.list": "[1]",
		"g.http.status": 500.0, "g.http.inline": 1.0,
	}
	if len(lines) != 1 || fmt.Sprint(lines[0]) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", lines, want)
	}
}

func TestLogLevels(t *testing.T) {
	t.Parallel()
	all := func(ctx context.Context, log *slog.Logger) {
		for _, l := range []slog.Level{slog.LevelDebug - 4, slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, slog.LevelError + 4} {
			log.Log(ctx, l, "m")
		}
	}
	for level, want := range map[slog.Level]string{
		slog.LevelDebug - 4: "trace debug info warn error error",
		slog.LevelInfo:      "info warn error error",
	} {
		var got []string
		for _, line := range logged(t, all, sdk.WithLogLevel(level)) {
			got = append(got, fmt.Sprint(line["@level"]))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("from %s: %s, want %s", level, s, want)
		}
	}
}

// TestNoFieldCanTakeThePlaceOfTheLinesOwn: a host that reads a message or level
// that is no text could fall over.
func TestNoFieldCanTakeThePlaceOfTheLinesOwn(t *testing.T) {
	t.Parallel()
	lines := logged(t, func(_ context.Context, log *slog.Logger) {
		log.Info("m", "@message", 1, "@level", 2, "@timestamp", 3)
		log.With("@message", 4).Info("n")
	})
	for i, m := range []string{"m", "n"} {
		if lines[i]["@message"] != m || lines[i]["@level"] != "info" {
			t.Errorf("line %d: %v", i, lines[i])
		}
	}
}

func TestLogLinesAreBounded(t *testing.T) {
	t.Parallel()
	lines := logged(t, func(_ context.Context, log *slog.Logger) {
		log.Info(strings.Repeat("m", 1<<20))
		log.Info("escapes", "v", strings.Repeat("\x00", 1<<16), "bad", "\xff\xfe")
		var many []any
		for i := range 1000 {
			many = append(many, fmt.Sprintf("field%d", i), strings.Repeat("v", 100))
		}
		log.Info("many", many...)
	})
	if len(lines) != 3 || lines[2]["truncated"] != true || lines[2]["@message"] != "many" {
		t.Errorf("got %d lines", len(lines))
	}
}

// TestSecretsShowNowhere plants canaries in settings and credential and lets the
// connector say them in every way it has.
func TestSecretsShowNowhere(t *testing.T) {
	t.Parallel()
	const (
		password = "canary-\"pass\"\nword"
		key      = "canary-nested-key"
		token    = "canary-credential-token"
	)
	all := strings.Join([]string{password, key, token}, " and ")
	quoted, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, probe{sign: func(ctx context.Context, _ *sdk.Call) error {
		log := sdk.Log(ctx)
		log.Info(all, "value", all, "any", map[string]string{"a": all}, "error", errors.New(all), "api_key", "canary-by-name", "raw", quoted)
		log.With("kept", all).Info("kept")
		return &sdk.Error{
			Class: sdk.Rejected, Code: "no", Message: all, VendorText: all, VendorAnswer: []byte(`{"say":` + string(quoted) + `,"access_token":"canary-by-name"}`),
			Fields: []sdk.FieldError{{Pointer: "/a", Detail: all}},
		}
	}})
	settings, err := json.Marshal(map[string]any{"password": password, "nested": map[string]any{"keys": []string{key}}})
	if err != nil {
		t.Fatal(err)
	}
	a := e.invoke(t, "invoice.sign", func(in *connectorpb.InvokeRequest) {
		in.Connection = connection(1, string(settings))
		in.Connection.Credential = []byte(`{"token":"` + token + `"}`)
	})
	raw, err := json.Marshal(a.GetError())
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"log": e.log.String(), "error": string(raw), "answer": string(a.GetError().GetVendorAnswer())} {
		if strings.Contains(text, "canary") || !strings.Contains(text, sdk.Redacted) {
			t.Errorf("the %s shows a secret: %s", what, text)
		}
	}
	if n := len(e.log.lines()); n != 2 {
		t.Errorf("%d log lines, want 2", n)
	}
}

func TestAPanicShowsNoSecret(t *testing.T) {
	t.Parallel()
	e := start(t, probe{check: func(context.Context, *sdk.Connection) error { panic("canary-password") }})
	a, err := e.Check(t.Context(), &connectorpb.CheckRequest{Connection: connection(1, `{"password":"canary-password"}`)})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, a.GetError(), internal, "panic")
	if s := a.String() + e.log.String(); strings.Contains(s, "canary") {
		t.Errorf("the panic shows a secret: %s", s)
	}
}
