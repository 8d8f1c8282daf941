//go:build linux

package chaostest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// endpoint is a registered webhook whose receiver is a process of its own. What
// came there is read from it, verified with the webhook's secret and kept in its
// order.
type endpoint struct {
	receiver
	w       *eventWorld
	name    string
	id      domain.EndpointID
	pattern string
	ordered bool
	tls     bool

	process *node
	url     string
	control string

	reading sync.Mutex
	came    []arrival
}

// arrival is one request whose body came whole.
type arrival struct {
	Event    string `json:"eventId"`
	Sequence int64  `json:"sequence"`
}

// run starts the receiver; at the address that it had, and with what it kept.
func (e *endpoint) run() {
	t := e.w.t
	t.Helper()
	listen := loopback() + ":0"
	if e.tls {
		listen = "127.0.0.1:0" // its certificate is for that
	}
	if _, address, had := strings.Cut(e.url, "://"); had {
		listen = address
	}
	file := filepath.Join(e.w.dir, "receiver-"+e.name)
	args := []string{"--listen", listen, "--record", file}
	if e.tls {
		args = append(args, "--authority", file+".pem")
	}
	e.process = startProgram(t, built.receiver, file+".log", args, nil)
	t.Cleanup(e.process.kill)
	url, control, ok := strings.Cut(e.process.url, " ")
	if !ok {
		t.Fatalf("the receiver of %s did not start; log:\n%s", e.name, tail(file+".log"))
	}
	e.url, e.control = url, control
}

// loopback is an address of this machine that hardly anybody else uses, so that
// nobody takes the port of a receiver that is away.
func loopback() string {
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
}

// behave makes the receiver answer in that manner from now on.
func (e *endpoint) behave(kind string, status int) {
	t := e.w.t
	t.Helper()
	raw, err := json.Marshal(map[string]any{"kind": kind, "status": status})
	must(t, err)
	if _, err := e.ask(http.MethodPut, "/manner", raw); err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
}

// state is how many requests stand unanswered, and how many followed a redirect.
func (e *endpoint) state() (held, followed int) {
	var s struct{ Held, Followed int }
	raw, err := e.ask(http.MethodGet, "/state", nil)
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		e.w.t.Errorf("%s: %v", e.name, err)
	}
	return s.Held, s.Followed
}

func (e *endpoint) ask(method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(e.w.t.Context(), method, e.control+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, out)
	}
	return out, err
}

// read takes over what has come since it was last read.
func (e *endpoint) read() error {
	e.reading.Lock()
	defer e.reading.Unlock()
	raw, err := e.ask(http.MethodGet, fmt.Sprintf("/record?after=%d", len(e.came)), nil)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(raw) {
		var one struct {
			At     time.Time
			Header http.Header
			Body   string
		}
		if err := json.Unmarshal(line, &one); err != nil {
			return err
		}
		var a arrival
		_ = json.Unmarshal([]byte(one.Body), &a) // check says so when it is no JSON
		e.came = append(e.came, a)
		e.check(one.Header, []byte(one.Body), e.w.pace.At(one.At))
	}
	return nil
}

// count is how many requests have come, as far as the receiver can be asked.
func (e *endpoint) count() int {
	_ = e.read() // it may be dead at the moment
	return e.receiver.count()
}

// arrived is all that came, in its order. The receiver must be alive.
func (e *endpoint) arrived() []arrival {
	e.w.t.Helper()
	if err := e.read(); err != nil {
		e.w.t.Errorf("%s cannot be asked what came: %v", e.name, err)
	}
	e.reading.Lock()
	defer e.reading.Unlock()
	return append([]arrival{}, e.came...)
}

// register makes the world's endpoints, as the command line does it: without a
// running engine.
func (w *eventWorld) register(e *engine.Engine, env domain.Environment) {
	w.t.Helper()
	for _, one := range w.endpoints {
		draft, err := e.Callbacks.CreateEndpoint(w.t.Context(), env, callback.EndpointPatch{
			URL: &one.url, Events: &[]string{one.pattern}, Ordered: &one.ordered,
			Retry: json.RawMessage(w.retry),
		}, "tester")
		must(w.t, err)
		must(w.t, e.Applier.Apply(w.t.Context(), domain.Change{Parts: draft.Parts}))
		var answer struct {
			Data struct {
				ID     domain.EndpointID `json:"id"`
				Secret string            `json:"secret"`
			} `json:"data"`
		}
		must(w.t, json.Unmarshal(draft.Answer, &answer))
		one.id, one.secrets = answer.Data.ID, []string{answer.Data.Secret}
	}
}
