//go:build linux

package chaostest

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	firs "github.com/afara-dev/afara/plugins/firs/simulator"
)

// TestVersionsThatChangeUnderLoadLoseAndRepeatNothing makes another version of
// the connector the active one and goes back, again and again, while invoices come
// in. Each node moves its calls from one process to another.
func TestVersionsThatChangeUnderLoadLoseAndRepeatNothing(t *testing.T) {
	t.Parallel()
	for _, b := range []backend{embedded, postgresRedis} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, b, usual, "")
			w.name += "/versions"
			folder := w.ownConnectors()
			nodes := []*node{w.start("")}
			if b.postgres {
				nodes = append(nodes, w.start(""))
			}
			done := make(chan struct{})
			posted := w.background(func() { w.postUntil(w.key, 8, "V", done) })
			w.serves("firs", firstFirs, len(nodes))
			w.progresses()
			install(t, folder, built.later)
			for _, change := range changes() {
				w.changeVersion("firs", change.action)
				w.serves("firs", change.version, len(nodes))
				w.progresses()
			}
			close(done)
			<-posted
			w.settled(90 * time.Second)
			for _, n := range nodes[1:] {
				n.drain(t)
			}
			w.goTo(nodes[0].url)
			w.finish(nodes[0], 90*time.Second)
			w.bothVersionsSigned()
			if c := w.authority.Counters(); c.Requests["sign"] != c.Registered {
				t.Errorf("%d requests to sign for %d registrations: some calls were cut, and there was time for all", c.Requests["sign"], c.Registered)
			}
		})
	}
}

type versionChange struct{ action, version string }

// changes are what operators do, and what serves after it.
func changes() []versionChange {
	once := []versionChange{{"reload", laterFirs}, {"rollback", firstFirs}, {"rollback", laterFirs}, {"rollback", firstFirs}}
	if full() {
		return slices.Concat(slices.Repeat(once, 5))
	}
	return once
}

// TestCallsThatAVersionChangeCutsAreLookedUp gives the old version no time: its
// calls at the authority are cut, which acts on them all the same.
func TestCallsThatAVersionChangeCutsAreLookedUp(t *testing.T) {
	t.Parallel()
	const calls = 12
	for _, b := range []backend{embedded, postgresRedis} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, b, 4, "") // a call's deadline is 15 s away
			w.name += "/versions cut"
			folder := w.ownConnectors()
			w.args = append(w.args, "--drain-timeout", "10ms")
			n := w.start("")
			w.serves("firs", firstFirs, 1)
			// Longer than a process may live that was asked to end.
			must(t, w.authority.Inject(firs.Fault{Kind: firs.FaultSlow, Prefix: "CUT", Times: 1, DelayMillis: 9000}))
			posted := w.background(func() { w.post(w.key, calls, numbered("CUT", calls)) })
			w.eventually(time.Minute, "the calls are at the authority", func() bool { return w.authority.Counters().Requests["sign"] == calls })
			install(t, folder, built.later)
			w.changeVersion("firs", "reload")
			w.serves("firs", laterFirs, 1)
			w.post(w.key, 4, numbered("NEW", 20)) // the old one's calls hold up nothing new
			w.eventually(time.Minute, "the old version has ended", func() bool { return logged(n.log, "earlier version has ended") })
			<-posted
			w.kills++
			w.finish(n, 2*time.Minute)
			w.bothVersionsSigned()
			if cut := cutCalls(t, n); cut != calls || w.authority.Counters().Requests["confirm"] < calls {
				t.Errorf("%d calls were cut and %d look-ups made, of %d calls: too little is proved", cut, w.authority.Counters().Requests["confirm"], calls)
			}
		})
	}
}

// ownConnectors gives the world a directory of connectors that it may change.
func (w *world) ownConnectors() (folder string) {
	w.t.Helper()
	dir := filepath.Join(w.dir, "connectors")
	must(w.t, os.MkdirAll(filepath.Join(dir, "firs"), 0o700))
	install(w.t, dir, built.plugins)
	w.args[slices.Index(w.args, built.plugins)] = dir
	return dir
}

// install puts a build of firs into a directory of connectors, as a build does it
// while engines run: by names that change.
func install(t *testing.T, dir, from string) {
	t.Helper()
	for _, name := range []string{"firs", "manifest.json"} {
		to := filepath.Join(dir, "firs", name)
		must(t, errors.Join(os.Link(filepath.Join(from, "firs", name), to+".new"), os.Rename(to+".new", to)))
	}
}

func (w *world) changeVersion(connector, action string) {
	w.t.Helper()
	var out map[string]any
	if status, err := w.call(w.key, http.MethodPost, "/si/connectors/registry/"+connector+"/"+action, "", map[string]string{"reason": "chaos"}, &out); status != http.StatusAccepted {
		w.t.Fatalf("%s: status %d, %v", action, status, err)
	}
}

// serves waits until a version takes the new calls on so many nodes.
func (w *world) serves(connector, version string, nodes int) {
	w.t.Helper()
	var out struct {
		Nodes []struct {
			Version string
			Reads   bool
		}
	}
	w.eventually(time.Minute, fmt.Sprintf("%s %s serves on %d nodes", connector, version, nodes), func() bool {
		_, err := w.call(w.key, http.MethodGet, "/si/connectors/registry/"+connector, "", nil, &out)
		serving := 0
		for _, n := range out.Nodes {
			if n.Version == version && n.Reads {
				serving++
			}
		}
		return err == nil && serving == nodes && len(out.Nodes) == nodes
	})
}

// progresses waits until some more invoices have ended.
func (w *world) progresses() {
	w.t.Helper()
	before := w.receiver.count()
	w.eventually(time.Minute, "invoices end", func() bool { return w.receiver.count() >= before+30 })
}

func (w *world) bothVersionsSigned() {
	w.t.Helper()
	for _, version := range []string{firstFirs, laterFirs} {
		if n := w.number(`SELECT COUNT(*) FROM attempt WHERE stage = 'sign' AND connector_version = '` + version + `'`); n < 10 {
			w.t.Errorf("%d calls went to version %s: too little is proved", n, version)
		}
	}
}

var callsCut = regexp.MustCompile(`earlier version has ended.* calls_cut=(\d+)`)

// cutCalls are those that a node's reloads have cut.
func cutCalls(t *testing.T, n *node) (cut int) {
	t.Helper()
	raw, err := os.ReadFile(n.log)
	must(t, err)
	for _, m := range callsCut.FindAllStringSubmatch(string(raw), -1) {
		one, err := strconv.Atoi(m[1])
		must(t, err)
		cut += one
	}
	return cut
}
