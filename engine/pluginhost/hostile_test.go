package pluginhost_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// logs makes the connector write one line to its stderr.
func (b *bundle) logs(t *testing.T, line string) {
	t.Helper()
	raw, err := json.Marshal(map[string]string{"text": line})
	if err != nil {
		t.Fatal(err)
	}
	wantResult(t, b.invoke(t, "bad", "log", string(raw)), `{}`)
}

func (b *bundle) tailHas(t *testing.T, text string) bool {
	t.Helper()
	return slices.ContainsFunc(b.status(t, "bad").Stderr, func(l string) bool { return strings.Contains(l, text) })
}

// arrived waits until so many slow calls are inside their handlers.
func (b *bundle) arrived(t *testing.T, n int) {
	t.Helper()
	eventually(t, "the calls are inside their handlers", func() bool {
		inside := 0
		for _, line := range b.status(t, "bad").Stderr {
			if strings.Contains(line, "handler has begun") {
				inside++
			}
		}
		return inside == n
	})
}

func TestNoLogLineCrashesTheHost(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	for _, line := range []string{
		`{"@message":1}`, `{"@level":7,"@message":"m","@timestamp":"t"}`, `{"@timestamp":{},"@message":[]}`,
		`{"@level":null,"@message":"m","@timestamp":3}`, `{`, `[]`, `null`, "\xff\xfe", `{"a":"` + strings.Repeat("b", 100_000) + `"}`,
	} {
		b.logs(t, line)
	}
	b.logs(t, `{"@level":"warn","@message":"all well","@timestamp":"2026-01-01T00:00:00.000000Z","order":7}`)
	eventually(t, "a good line is understood", func() bool {
		return strings.Contains(b.log.String(), `level=WARN msg="all well" connector=bad environment=sandbox order=7`)
	})
	if tail := b.status(t, "bad").Stderr; len(tail) < 9 {
		t.Errorf("tail: %q", tail)
	}
}

func TestAFloodOfLogLinesIsBounded(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	b.logs(t, strings.Repeat("a line of many\n", 5000)+"the last one")
	eventually(t, "the flood has passed", func() bool { return b.tailHas(t, "the last one") })
	if n := strings.Count(b.log.String(), "a line of many"); n < 100 || n > 1500 {
		t.Errorf("%d of 5000 lines came through", n)
	}
	if n := len(b.status(t, "bad").Stderr); n != 100 {
		t.Errorf("the tail has %d lines, want 100", n)
	}
}

func TestAFrozenConnectorIsReplaced(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.ProbeEvery, c.ProbeTimeout = 50*time.Millisecond, time.Second })
	pid := b.status(t, "bad").PID
	changed := b.Subscribe()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	out := b.invoke(t, "bad", "slow_effect", `{}`)
	wantClass(t, out, domain.ClassUnknownOutcome, "connector_crashed")
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the frozen connector held the call for %s", took)
	}
	<-changed
	eventually(t, "another process serves", func() bool {
		s := b.status(t, "bad")
		return b.Ready("bad", domain.Sandbox) && s.PID != 0 && s.PID != pid
	})
	s := b.status(t, "bad")
	if s.Restarts != 1 || !strings.Contains(s.LastExit, "no answer to 3 health probes") {
		t.Errorf("restarts %d, last exit %q", s.Restarts, s.LastExit)
	}
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
}

func TestAnInnocentCallOnAFrozenConnectorMayBeRepeated(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", func(c *pluginhost.Config) { c.ProbeEvery, c.ProbeTimeout = 50*time.Millisecond, time.Second })
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
	if err := syscall.Kill(b.status(t, "bad").PID, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	wantClass(t, b.invoke(t, "bad", "slow", `{}`), domain.ClassUnavailable, "connector_crashed")
}

func TestACrashUnderACall(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
	began := time.Now()
	out := b.invoke(t, "bad", "exit", `{}`)
	wantClass(t, out, domain.ClassUnavailable, "connector_crashed")
	if !out.Crashed || !out.Alone {
		t.Errorf("crashed %t, alone %t, want both", out.Crashed, out.Alone)
	}
	eventually(t, "it is back", func() bool { return b.Ready("bad", domain.Sandbox) })
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("back after %s, want less than 15 s", took)
	}
	out = b.invoke(t, "bad", "exit_effect", `{}`)
	wantClass(t, out, domain.ClassUnknownOutcome, "connector_crashed")
	if !out.Crashed || !out.Alone {
		t.Errorf("crashed %t, alone %t, want both", out.Crashed, out.Alone)
	}
	eventually(t, "it is back again", func() bool { return b.Ready("bad", domain.Sandbox) })
	if s := b.status(t, "bad"); s.Restarts != 2 || !strings.Contains(s.LastExit, "exit code 7") {
		t.Errorf("restarts %d, last exit %q", s.Restarts, s.LastExit)
	}
}

func TestNeighboursOfACrashAreNotAlone(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	outs := make([]domain.Outcome, 4)
	var wg sync.WaitGroup
	for i := range outs {
		wg.Go(func() { outs[i] = b.Invoke(t.Context(), call("bad", "slow_effect", `{}`)) })
	}
	b.arrived(t, len(outs))
	wantClass(t, b.invoke(t, "bad", "exit", `{}`), domain.ClassUnavailable, "connector_crashed")
	wg.Wait()
	for _, out := range outs {
		if out.Class != domain.ClassUnknownOutcome || !out.Crashed || out.Alone {
			t.Errorf("%s, crashed %t, alone %t", out.Class, out.Crashed, out.Alone)
		}
	}
}

func TestAPanicOfAGoroutineIsACrashWithItsStack(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	out := b.invoke(t, "bad", "panic", `{}`)
	wantClass(t, out, domain.ClassUnavailable, "connector_crashed")
	eventually(t, "the stack is in the log", func() bool {
		return strings.Contains(b.log.String(), `level=ERROR msg="panic: a goroutine of the connector panics"`) && b.tailHas(t, "goroutine ")
	})
}

func TestTheHostsEnvironmentDoesNotLeak(t *testing.T) {
	const canary = "AFARA_CANARY"
	t.Setenv(canary, "leaked")
	t.Setenv("TZ", "Africa/Lagos")
	b := bad(t, "bad", func(c *pluginhost.Config) { c.Env = []string{"EXTRA=given"} })
	out := b.invoke(t, "bad", "environ", `{}`)
	var answer struct {
		Environ, Args []string
		Dir, Stdin    string
	}
	if err := json.Unmarshal(out.Result, &answer); err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, kv := range answer.Environ {
		name, value, _ := strings.Cut(kv, "=")
		names[name] = value
	}
	if _, leaked := names[canary]; leaked || names["PATH"] != "" || names["HOME"] != "" {
		t.Errorf("environment of the connector: %q", answer.Environ)
	}
	if names["TZ"] != "Africa/Lagos" || names["EXTRA"] != "given" || names["PLUGIN_CLIENT_CERT"] == "" {
		t.Errorf("the connector lacks what it needs: %q", answer.Environ)
	}
	if answer.Stdin != os.DevNull || len(answer.Args) != 1 || !strings.HasPrefix(answer.Dir, b.config.RunDir) {
		t.Errorf("stdin %s, arguments %q, folder %s", answer.Stdin, answer.Args, answer.Dir)
	}
	info, err := os.Stat(names["PLUGIN_UNIX_SOCKET_DIR"])
	if err != nil || info.Mode().Perm() != 0o700 || !strings.HasPrefix(names["PLUGIN_UNIX_SOCKET_DIR"], b.config.RunDir) {
		t.Errorf("the socket's folder: %v, %v", info, err)
	}
}

func TestAGrandchildCannotHoldTheHost(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	out := b.invoke(t, "bad", "child", `{}`)
	var answer struct{ PID int }
	if err := json.Unmarshal(out.Result, &answer); err != nil || !alive(answer.PID) {
		t.Fatalf("no grandchild: %v, %s", err, out.Result)
	}
	began := time.Now()
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the grandchild held Close for %s", took)
	}
	within(t, 15*time.Second, "the grandchild ends too", func() bool { return !alive(answer.PID) })
}

func TestALongLineOnDescriptorOneBlocksNobody(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	wantResult(t, b.invoke(t, "bad", "stdout", `{"size":400000}`), `{}`)
	wantResult(t, b.invoke(t, "bad", "stdout", `{"size":400000}`), `{}`)
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
}

func TestWhatAConnectorPrintsIsLogged(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	wantResult(t, b.invoke(t, "bad", "print", `{"text":"a stray word"}`), `{}`)
	eventually(t, "the word is in the tail", func() bool { return b.tailHas(t, "a stray word") })
}

func TestAStrangerCannotCallAConnector(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	sockets, err := filepath.Glob(filepath.Join(b.config.RunDir, "h-*", "s-*", "plugin-dir*", "plugin*"))
	if err != nil || len(sockets) != 1 {
		t.Fatalf("sockets: %v, %v", sockets, err)
	}
	conn, err := grpc.NewClient("unix://"+sockets[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := connectorpb.NewConnectorClient(conn).Describe(t.Context(), &connectorpb.DescribeRequest{}); err == nil {
		t.Error("a caller without the host's certificate was answered")
	}
}

func TestAnAnswerThatIsTooLargeStaysOutside(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	wantClass(t, b.invoke(t, "bad", "huge", `{"size":20000000}`), domain.ClassInternal, "message_too_large")
	wantClass(t, b.invoke(t, "bad", "huge_effect", `{"size":20000000}`), domain.ClassUnknownOutcome, "message_too_large")
	if out := b.invoke(t, "bad", "huge", `{"size":500000}`); out.Class != domain.ClassResult {
		t.Errorf("half a megabyte is %s %+v", out.Class, out.Error)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	out := b.invoke(t, "bad", "leak", `{"class":2,"text":"token first-token is bad"}`)
	wantClass(t, out, domain.ClassRejected, "told_so")
	shown, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	b.logs(t, "Authorization: Bearer "+apiKey)
	eventually(t, "the lines are there", func() bool { return b.tailHas(t, "settings are") && b.tailHas(t, "Bearer") })
	status, err := json.Marshal(b.Status())
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"outcome": string(shown), "status": string(status), "log": b.log.String()} {
		if strings.Contains(text, "canary") || strings.Contains(text, "first-token") {
			t.Errorf("a secret is in the %s: %s", what, text)
		}
		if !strings.Contains(text, "[secret]") {
			t.Errorf("nothing was masked in the %s", what)
		}
	}
	if !strings.Contains(string(shown), "lagos") {
		t.Error("what is no secret was masked")
	}
}

func TestCallsInFlightMayEndBeforeTheHostCloses(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	slow, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	done := make(chan domain.Outcome, 1)
	go func() { done <- b.Invoke(slow, call("bad", "slow", `{}`)) }()
	eventually(t, "the call is under way", func() bool { return b.status(t, "bad").InFlight == 1 })
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantClass(t, <-done, domain.ClassUnavailable, "deadline_exceeded")
	wantClass(t, b.invoke(t, "bad", "echo", `{}`), domain.ClassUnavailable, "host_closing")
}

func TestWhatTheDrainCutsIsInDoubtAndNoCrash(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	wantResult(t, b.invoke(t, "bad", "echo", `{}`), `{}`)
	pid := b.status(t, "bad").PID
	done := make(chan domain.Outcome, 1)
	go func() { done <- b.Invoke(context.Background(), call("bad", "slow_effect", `{}`)) }()
	b.arrived(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := b.Close(ctx); err == nil {
		t.Error("Close hides that it cut a call")
	}
	out := <-done
	if out.Class != domain.ClassUnknownOutcome || out.Crashed {
		t.Errorf("%s %+v, crashed %t", out.Class, out.Error, out.Crashed)
	}
	if alive(pid) {
		t.Error("the process outlived Close")
	}
	if left, err := os.ReadDir(b.config.RunDir); err != nil || len(left) != 1 { // the lock
		t.Errorf("left in the run folder: %v, %v", left, err)
	}
}
