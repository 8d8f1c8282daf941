//go:build linux

package engine_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/afara-dev/afara/engine/config"
)

// canary is a secret of every hostile connection: it may be seen nowhere.
const canary = "sk_live_canary-of-the-hostile-suite"

// unruly is one way in which a connector misbehaves, and what the registry
// shows once the engine has dealt with it.
type unruly struct {
	name    string // of the connector: what it does at its start
	verb    string // and what it is asked to do then; empty when it cannot be asked
	input   string
	code    string // of the call's answer; empty for a result
	state   string
	reason  string // a pattern
	exit    string // a pattern of how the process before ended; empty when it shall be the first
	lastErr string // the code of the last error in the registry
	log     string // a pattern in the connector's log
}

var unrulies = []unruly{
	{name: "scribbler", verb: "log", input: `{"text":"{\"@level\":7,\"@message\":1,\"@timestamp\":{}}"}`, state: "running", reason: "^healthy$", log: `@message`},
	{name: "sleeper", verb: "echo", state: "running", reason: "^healthy$", exit: "no answer to 3 health probes"},
	{name: "parent", verb: "child", state: "running", reason: "^healthy$", exit: "ended by signal 9"},
	{name: "babbler", verb: "babble", state: "running", reason: "^healthy$", log: `^y+ \[cut\]$`},
	{name: "glutton", verb: "huge", input: `{"size":20000000}`, code: "message_too_large", state: "running", reason: "^healthy$", lastErr: "message_too_large"},
	{name: "fabulist", verb: "wrong", input: `{"irn":"A"}`, code: "result_invalid", state: "running", reason: "^healthy$", lastErr: "result_invalid"},
	{name: "dawdler", verb: "quick", code: "deadline_exceeded", state: "running", reason: "^healthy$", lastErr: "deadline_exceeded", log: "handler was cut"},
	{name: "gossip", verb: "leak", input: `{"class":2,"text":"no"}`, code: "told_so", state: "running", reason: "^healthy$", lastErr: "told_so", log: `settings are .*\[secret\]`},
	{name: "exiter", state: "crash_loop", reason: `ended with exit code 3\); next start in`, log: "cannot work here"},
	{name: "chatty", state: "crash_loop", reason: `printed "hello, I am a connector" on stdout before the handshake`},
	{name: "forker", verb: "fork", input: `{"size":40}`, state: "running", reason: "^healthy$", exit: "ended by signal 9"},
	{name: "modern", state: "incompatible", reason: "speaks version 99 of the connector contract"},
	{name: "liar", state: "incompatible", reason: `describes "liar" version "9.9.9"`},
	{name: "eater", verb: "eat", input: `{"size":2048}`, code: "connector_crashed", state: "running", reason: "^healthy$", exit: `out of memory.*(oom_killed.*limit 256 MiB|may map 512 MiB)`, lastErr: "connector_crashed"},
	{name: "crasher", verb: "exit", code: "connector_crashed", state: "running", reason: "^healthy$", exit: "ended with exit code 7", lastErr: "connector_crashed"},
	{name: "panicker", verb: "panic", code: "connector_crashed", state: "running", reason: "^healthy$", exit: "ended with exit code 2", lastErr: "connector_crashed", log: "a goroutine of the connector panics"},
}

// shownConnector is what these tests read of the registry.
type shownConnector struct {
	State, Reason string
	LastError     *struct{ Code string }
	Nodes         []struct {
		PID       *int
		Restarts  int
		LastExit  *string
		Isolation *struct {
			EnvironmentScrubbed, PrivateFolder, ProcessGroup, ParentDeathSignal, NoNewPrivileges, FilesProtected bool
			Limits                                                                                               struct{ CoreBytes, DataBytes, OpenFiles *int64 }
			Cgroup, NoCgroup                                                                                     *string
		}
		Log []string
	}
}

// TestHostileConnectorsHarmNobodyElse runs each of them in one engine, which
// meanwhile serves another connector, and shows in the registry what each is
// doing and why.
func TestHostileConnectorsHarmNobodyElse(t *testing.T) {
	t.Parallel()
	var names []string
	for _, u := range unrulies {
		names = append(names, u.name)
	}
	dir := hostileConnectors(t, names...)
	w := start(t, func(c *config.Config) { c.PluginDirs, c.ConnectorMemory = append(c.PluginDirs, dir), 256 })
	paths := map[string]string{}
	for _, u := range unrulies {
		paths[u.name] = w.connectHostile(u.name)
	}
	t.Run("cases", func(t *testing.T) {
		for _, u := range unrulies {
			t.Run(u.name, func(t *testing.T) {
				t.Parallel()
				own := *w
				own.t = t
				h := &hostileCase{T: t, world: &own, unruly: u, path: paths[u.name]}
				h.run()
			})
		}
		t.Run("a connector that behaves", func(t *testing.T) {
			t.Parallel()
			for _, number := range []string{"CALM-1", "CALM-2", "CALM-3", "CALM-4", "CALM-5"} {
				if code := w.call("POST", "/si/invoices", map[string]any{"invoice": w.invoice(number)}, nil); code != http.StatusAccepted {
					t.Fatalf("status %d", code)
				}
				if e := w.receiver.next(t); e.Type != "invoice.signed" {
					t.Errorf("%+v", e)
				}
			}
		})
	})
	if c := w.connector(); c.State != "running" {
		t.Errorf("the neighbour is %s", c.State)
	}
}

type hostileCase struct {
	*testing.T
	*world
	unruly
	path string
}

func (h *hostileCase) run() {
	if h.verb != "" {
		eventually(h.T, "it runs", func() bool { return h.shown().State == "running" })
		h.misbehave()
	}
	var c shownConnector
	eventually(h.T, "it is "+h.state+": "+h.reason+" after "+h.exit, func() bool {
		c = h.shown()
		return c.State == h.state && regexp.MustCompile(h.reason).MatchString(c.Reason) && h.ended(c) && h.logged(c)
	})
	if h.lastErr != "" && (c.LastError == nil || c.LastError.Code != h.lastErr) {
		h.Errorf("last error %+v, want %s", c.LastError, h.lastErr)
	}
	h.fenced(c)
	if h.verb != "" { // it is of use again
		var out map[string]any
		eventually(h.T, "it answers", func() bool { return h.ask("echo", `{"text":"still here"}`, &out) == http.StatusOK })
	}
}

func (h *hostileCase) misbehave() {
	if h.name == "sleeper" {
		must(h.T, syscall.Kill(*h.shown().Nodes[0].PID, syscall.SIGSTOP))
		return
	}
	var out struct {
		Code, Class string
		Result      struct {
			Pid  int
			Pids []int
		}
	}
	h.ask(h.verb, h.input, &out)
	if out.Code != h.code {
		h.Errorf("%s answered %+v, want the code %q", h.verb, out, h.code)
	}
	if out.Result.Pid == 0 && out.Result.Pids == nil {
		return
	}
	// What it has left behind ends with it, and it comes back.
	must(h.T, syscall.Kill(*h.shown().Nodes[0].PID, syscall.SIGKILL))
	for _, pid := range append(out.Result.Pids, out.Result.Pid) {
		eventually(h.T, "what it forked is gone", func() bool { return pid == 0 || gone(pid) })
	}
}

// gone is true of a zombie too: it only waits to be reaped.
func gone(pid int) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(raw), ") Z ")
}

// ask calls one of its operations through the API.
func (h *hostileCase) ask(verb, input string, out any) int {
	var body any
	if input != "" {
		body = json.RawMessage(input)
	}
	return h.call("POST", h.path+"/operations/"+h.name+"."+verb, body, out)
}

func (h *hostileCase) shown() (c shownConnector) {
	if code := h.call("GET", "/si/connectors/registry/"+h.name, nil, &c); code != http.StatusOK {
		h.Fatalf("registry: status %d", code)
	}
	text, err := json.Marshal(c)
	must(h.T, err)
	if strings.Contains(string(text), canary) {
		h.Fatalf("the registry shows the secret: %s", text)
	}
	return c
}

func (h *hostileCase) ended(c shownConnector) bool {
	if len(c.Nodes) == 0 || (c.Nodes[0].PID != nil) != (h.state == "running") {
		return false // between two processes
	}
	if h.exit == "" {
		return true
	}
	return c.Nodes[0].LastExit != nil && regexp.MustCompile(h.exit).MatchString(*c.Nodes[0].LastExit) && c.Nodes[0].Restarts > 0
}

func (h *hostileCase) logged(c shownConnector) bool {
	for _, n := range c.Nodes {
		for _, line := range n.Log {
			if regexp.MustCompile(h.log).MatchString(line) {
				return true
			}
		}
	}
	return h.log == ""
}

// fenced wants the isolation of whatever runs to be in force.
func (h *hostileCase) fenced(c shownConnector) {
	n := c.Nodes[0]
	if h.state != "running" {
		if n.PID != nil || n.Isolation != nil {
			h.Errorf("no process should run: %+v", n)
		}
		return
	}
	i := n.Isolation
	if i == nil || !i.EnvironmentScrubbed || !i.PrivateFolder || !i.ProcessGroup || !i.ParentDeathSignal || !i.NoNewPrivileges {
		h.Errorf("isolation %+v", i)
		return
	}
	if i.Limits.CoreBytes == nil || *i.Limits.CoreBytes != 0 || i.Limits.DataBytes == nil || *i.Limits.DataBytes != 512<<20 || *i.Limits.OpenFiles != 4096 || (i.Cgroup == nil) == (i.NoCgroup == nil) {
		h.Errorf("limits %+v, cgroup %v, %v", i.Limits, i.Cgroup, i.NoCgroup)
	}
}
