//go:build unix

package sdk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	hclog "github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// probeMain is what a process started by these tests does.
func probeMain(mode string) {
	switch mode {
	case "serve":
		sdk.Serve(probe{run: perform}, sdk.WithDrain(5*time.Second))
	case "impatient":
		sdk.Serve(probe{run: perform}, sdk.WithDrain(50*time.Millisecond))
	case "mismatch":
		sdk.Serve(probe{run: perform, manifest: strings.Replace(probeManifest, `"name": "probe.run"`, `"name": "probe.walk"`, 1)})
	case "parent":
		orphan()
	}
}

// perform does what the call's parameters say.
func perform(ctx context.Context, call *sdk.Call) (json.RawMessage, error) {
	in, err := sdk.Decode[struct{ Do, URL string }](call.Parameters)
	if err != nil {
		return nil, err
	}
	switch in.Do {
	case "print":
		return json.RawMessage(`{}`), shout()
	case "log":
		sdk.Log(ctx).Warn("a warning", "n", 7, "text", "a b")
		return json.RawMessage(`{}`), nil
	case "get":
		return json.RawMessage(`{"got":true}`), get(ctx, in.URL)
	}
	return json.RawMessage(`{}`), nil
}

// shout writes to standard output in every way there is, more than a pipe holds.
func shout() error {
	fmt.Println("by the variable")
	if _, err := syscall.Write(1, append(bytes.Repeat([]byte("x"), 400_000), '\n')); err != nil {
		return err
	}
	child := exec.Command("/bin/sh", "-c", "echo by a child")
	child.Stdout = os.Stdout
	return child.Run()
}

func get(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.Body.Close()
}

// orphan starts a connector, says its pid, and ends without ending it.
func orphan() {
	p := newProcess("serve", io.Discard)
	if _, err := p.Client(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.ReattachConfig().Pid)
}

func newProcess(mode string, stderr io.Writer) *plugin.Client {
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{"PROBE_MODE=" + mode}
	return plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  sdk.Handshake(),
		Plugins:          sdk.PluginSet(nil),
		Cmd:              cmd,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         true,
		SkipHostEnv:      true,
		Stderr:           stderr,
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
	})
}

type process struct {
	engine
	plugin *plugin.Client
}

func launch(t *testing.T, mode string) process {
	t.Helper()
	stderr := new(buffer)
	p := newProcess(mode, stderr)
	t.Cleanup(p.Kill)
	wire, err := p.Client()
	if err != nil {
		t.Fatalf("start: %v\n%s", err, stderr)
	}
	c, err := wire.Dispense(sdk.PluginName)
	if err != nil {
		t.Fatal(err)
	}
	return process{engine{c.(connectorpb.ConnectorClient), stderr}, p}
}

func with(parameters string) func(*connectorpb.InvokeRequest) {
	return func(in *connectorpb.InvokeRequest) { in.Parameters = []byte(parameters) }
}

// eventually polls until f holds.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !f() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

func TestStandardOutputCannotHurt(t *testing.T) {
	t.Parallel()
	p := launch(t, "serve")
	for range 3 {
		if a := p.invoke(t, "probe.run", with(`{"do":"print"}`)); a.GetError() != nil {
			t.Fatal(a)
		}
	}
	for _, text := range []string{"by the variable", "by a child", "xxxxxxxx"} {
		eventually(t, "log line with "+text, func() bool { return strings.Contains(p.log.String(), `"text":"`+text) })
	}
	for _, line := range p.log.lines() {
		if len(line) >= 32<<10 || !json.Valid([]byte(line)) {
			t.Errorf("a line of %d bytes: %.80s", len(line), line)
		}
	}
}

// TestTheHostReadsLevelAndFields uses go-plugin's own reader.
func TestTheHostReadsLevelAndFields(t *testing.T) {
	t.Parallel()
	host := new(buffer)
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{"PROBE_MODE=serve"}
	p := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: sdk.Handshake(), Plugins: sdk.PluginSet(nil), Cmd: cmd, SkipHostEnv: true,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Info, Output: host, JSONFormat: true}),
	})
	t.Cleanup(p.Kill)
	wire, err := p.Client()
	if err != nil {
		t.Fatal(err)
	}
	c, err := wire.Dispense(sdk.PluginName)
	if err != nil {
		t.Fatal(err)
	}
	engine{ConnectorClient: c.(connectorpb.ConnectorClient)}.invoke(t, "probe.run", with(`{"do":"log"}`))
	eventually(t, "the warning with its fields", func() bool {
		for _, raw := range host.lines() {
			var line map[string]any
			if json.Unmarshal([]byte(raw), &line) == nil && line["@message"] == "a warning" {
				return line["@level"] == "warn" && line["n"] == 7.0 && line["text"] == "a b" && line["operation"] == "probe.run"
			}
		}
		return false
	})
}

func TestABigMessageIsTaken(t *testing.T) {
	t.Parallel()
	p := launch(t, "serve")
	body := []byte(`"` + strings.Repeat("x", 10<<20) + `"`)
	digest := schemas.DigestOf(body)
	big := func(in *connectorpb.InvokeRequest) {
		in.Document = &connectorpb.Document{Digest: digest[:], Body: body}
	}
	if a := p.invoke(t, "probe.run", with(`{}`), big); string(a.GetResult()) != "{}" {
		t.Errorf("got %v", a.GetError())
	}
}

// vendor holds each request until it is released.
func vendor(t *testing.T) (url string, arrived chan struct{}, release func()) {
	t.Helper()
	arrived = make(chan struct{}, 1)
	gate := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-gate:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, arrived, func() { close(gate) }
}

func (p process) begin(t *testing.T, url string) <-chan *connectorpb.InvokeResponse {
	t.Helper()
	answers := make(chan *connectorpb.InvokeResponse, 1)
	go func() {
		answer, err := p.Invoke(t.Context(), &connectorpb.InvokeRequest{
			Connection: connection(1, "{}"), Operation: "probe.run", Parameters: []byte(`{"do":"get","url":"` + url + `"}`)})
		if err != nil {
			t.Errorf("the call in flight: %v", err)
		}
		answers <- answer
	}()
	return answers
}

func (p process) refusesNewCalls(t *testing.T) {
	t.Helper()
	eventually(t, "new calls are refused", func() bool {
		_, err := p.Invoke(t.Context(), &connectorpb.InvokeRequest{Connection: connection(1, "{}"), Operation: "probe.run"})
		return err != nil && strings.Contains(err.Error(), "nothing was begun")
	})
}

func (p process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(p.plugin.ReattachConfig().Pid, s); err != nil {
		t.Fatal(err)
	}
}

func TestOnSIGTERMCallsInFlightFinish(t *testing.T) {
	t.Parallel()
	p := launch(t, "serve")
	url, arrived, release := vendor(t)
	answers := p.begin(t, url)
	<-arrived
	p.signal(t, syscall.SIGTERM)
	p.refusesNewCalls(t)
	release()
	if a := <-answers; string(a.GetResult()) != `{"got":true}` {
		t.Errorf("the call in flight was cut: %v", a)
	}
	eventually(t, "the process ends", p.plugin.Exited)
}

func TestOnSIGTERMCallsThatDoNotFinishAreCutAndAnswer(t *testing.T) {
	t.Parallel()
	p := launch(t, "impatient")
	url, arrived, _ := vendor(t)
	answers := p.begin(t, url)
	<-arrived
	p.signal(t, syscall.SIGTERM)
	wantError(t, (<-answers).GetError(), unavailable, "call_cut")
	eventually(t, "the process ends", p.plugin.Exited)
}

func TestTheHostsShutdownLetsCallsFinish(t *testing.T) {
	t.Parallel()
	p := launch(t, "serve")
	url, arrived, release := vendor(t)
	answers := p.begin(t, url)
	<-arrived
	ended := make(chan struct{})
	go func() {
		p.plugin.Kill()
		close(ended)
	}()
	p.refusesNewCalls(t)
	release()
	if a := <-answers; string(a.GetResult()) != `{"got":true}` {
		t.Errorf("the call in flight was cut: %v", a)
	}
	<-ended
}

func TestAnOrphanEndsByItself(t *testing.T) {
	t.Parallel()
	parent := exec.CommandContext(t.Context(), os.Args[0])
	parent.Env = []string{"PROBE_MODE=parent"}
	out, err := parent.Output()
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatalf("the parent said %q", out)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	eventually(t, "the orphan ends", func() bool { return !alive(pid) })
}

// alive takes a process that ended and was not waited for as ended.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func TestAConnectorThatCannotServeSaysWhyAndEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ mode, want string }{
		{"mismatch", `connector: manifest: operation "probe.walk" is declared but has no handler`},
		{"serve", "connector: probe 1.0.0 is an Afara connector: the engine starts it"},
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = []string{"PROBE_MODE=" + c.mode}
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		err := cmd.Run()
		if code := cmd.ProcessState.ExitCode(); err == nil || code != 1 || stdout.Len() != 0 || !strings.HasPrefix(stderr.String(), c.want) {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", c.mode, code, &stdout, &stderr)
		}
	}
}
