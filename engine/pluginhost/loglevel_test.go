package pluginhost_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
)

func TestTheLevelOfAConnectorsLinesIsChangedWhileItRuns(t *testing.T) {
	t.Parallel()
	written := &buffer{} // of a node whose own log takes errors only
	b := bad(t, "bad", func(c *pluginhost.Config) {
		c.Log = slog.New(slog.NewTextHandler(written, &slog.HandlerOptions{Level: slog.LevelError}))
	})
	say := func(level, text string) {
		t.Helper()
		wantResult(t, b.invoke(t, "bad", "log", `{"text":"{\"@level\":\"`+level+`\",\"@message\":\"`+text+`\"}"}`), `{}`)
		eventually(t, text+" has come", func() bool { return strings.Contains(strings.Join(b.status(t, "bad").Stderr, ""), text) })
	}
	pid := b.status(t, "bad").PID
	say("info", "as the node has it")
	b.order(pluginhost.Order{LogLevel: "warn"})
	say("info", "too low")
	say("warn", "high enough")
	b.order(pluginhost.Order{LogLevel: "debug"})
	say("debug", "wanted now")
	eventually(t, "all of it is logged", func() bool { return strings.Contains(written.String(), "wanted now") })
	if log := written.String(); strings.Contains(log, "as the node has it") || strings.Contains(log, "too low") || !strings.Contains(log, "high enough") {
		t.Errorf("logged: %s", log)
	}
	if s := b.status(t, "bad"); s.LogLevel != "debug" || s.PID != pid {
		t.Errorf("%+v", s)
	}
}

func TestAConnectorOfTheKitHearsTheLevelWithItsNextCall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, dir, "good", "good", hostile.Good("good"))
	b := setup(t, dir, nil)
	b.start(t, "good")
	level := func(name string) { b.Host.Order("good", domain.Sandbox, pluginhost.Order{LogLevel: name}) }
	wrote := func(text string) bool {
		return strings.Contains(strings.Join(b.status(t, "good").Stderr, ""), text)
	}
	call := func(text string) {
		t.Helper()
		wantResult(t, b.invoke(t, "good", "echo", `{"text":"`+text+`"}`), `{"text":"`+text+`"}`)
	}
	call("first")
	level("debug")
	call("second")
	eventually(t, "it writes details", func() bool { return wrote("second") })
	level("info")
	call("third")
	level("debug")
	call("fourth")
	eventually(t, "it writes them again", func() bool { return wrote("fourth") })
	if wrote("first") || wrote("third") {
		t.Error("it writes what nobody asked for")
	}
}
