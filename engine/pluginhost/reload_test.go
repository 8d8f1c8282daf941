package pluginhost_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
)

// replace puts another build of the connector "bad" into a folder of builds.
func replace(t *testing.T, dir, program, version string) {
	t.Helper()
	folder := filepath.Join(dir, "bad")
	err := errors.Join(
		os.Remove(filepath.Join(folder, "bad")), os.Link(filepath.Join(built, program), filepath.Join(folder, "bad")),
		os.WriteFile(filepath.Join(folder, "manifest.json"), hostile.BadAt("bad", version), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
}

// reloading is a host with a running connector, the folder that it is in, and its
// later version, which is not there yet.
func reloading(t *testing.T, change func(*pluginhost.Config)) (b *bundle, dir string) {
	t.Helper()
	dir = t.TempDir()
	install(t, dir, "bad", "bad", hostile.Bad("bad"))
	b = setup(t, dir, change)
	b.start(t, "bad")
	return b, dir
}

// offer is what the folder has now.
func (b *bundle) offer(t *testing.T) pluginhost.Release {
	t.Helper()
	r, err := b.Offer("bad", domain.Sandbox)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *bundle) order(o pluginhost.Order) { b.Host.Order("bad", domain.Sandbox, o) }

// serves waits until new calls go to a version.
func (b *bundle) serves(t *testing.T, version string) {
	t.Helper()
	eventually(t, version+" serves", func() bool {
		s := b.status(t, "bad")
		return s.Version == version && s.State == pluginhost.StateRunning && s.Reads
	})
	out := b.invoke(t, "bad", "build", `{}`)
	wantResult(t, out, `{"build":"`+version+`"}`)
	m, ok := b.Manifest("bad", domain.Sandbox)
	if !ok || m.Version != version || out.ConnectorVersion != version {
		t.Errorf("manifest %v, outcome of %s, want %s", m, out.ConnectorVersion, version)
	}
}

func TestAReloadMovesNewCallsAndLetsOldOnesEnd(t *testing.T) {
	t.Parallel()
	b, dir := reloading(t, nil)
	first, pid := b.Serving("bad", domain.Sandbox), b.status(t, "bad").PID
	old := make(chan domain.Outcome, 1)
	go func() { old <- b.invoke(t, "bad", "build", `{"size":1500}`) }()
	eventually(t, "a call is under way", func() bool { return b.status(t, "bad").InFlight == 1 })
	replace(t, dir, "later", hostile.Later)
	second := b.offer(t)
	b.serves(t, hostile.Version) // an offer changes nothing
	b.order(pluginhost.Order{Active: second})
	b.serves(t, hostile.Later)
	if s := b.status(t, "bad"); s.PID == pid || s.Restarts != 0 || s.Digest != second.Digest {
		t.Errorf("%+v", s)
	}
	// Its own version sent and judged it.
	if out := <-old; out.Class != domain.ClassResult || out.ConnectorVersion != hostile.Version || string(out.Result) != `{"build":"1.2.3"}` {
		t.Errorf("the call in flight ended with %s %s of %s: %+v", out.Class, out.Result, out.ConnectorVersion, out.Error)
	}
	eventually(t, "the old process is gone", func() bool { return !alive(pid) })
	if err := b.Has("bad", first); err != nil {
		t.Error(err)
	}
	b.order(pluginhost.Order{Active: first}) // though its folder has changed
	b.serves(t, hostile.Version)
	if production, ok := b.Manifest("bad", domain.Production); !ok || production.Version != hostile.Version {
		t.Errorf("production has %v", production)
	}
}

func TestNoCallFailsWhileVersionsChange(t *testing.T) {
	t.Parallel()
	b, dir := reloading(t, func(c *pluginhost.Config) { c.MaxInFlight = 4 }) // some wait for a slot meanwhile
	first := b.Serving("bad", domain.Sandbox)
	replace(t, dir, "later", hostile.Later)
	second := b.offer(t)
	stop := make(chan struct{})
	var mu sync.Mutex
	seen := map[string]int{}
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				out := b.invoke(t, "bad", "build", `{"size":1}`)
				if out.Class != domain.ClassResult || string(out.Result) != `{"build":"`+out.ConnectorVersion+`"}` {
					t.Errorf("%s %s of %s: %+v", out.Class, out.Result, out.ConnectorVersion, out.Error)
				}
				mu.Lock()
				seen[out.ConnectorVersion]++
				mu.Unlock()
			}
		})
	}
	for _, r := range []pluginhost.Release{second, first, second, first} {
		b.order(pluginhost.Order{Active: r})
		b.serves(t, r.Version)
	}
	close(stop)
	callers.Wait()
	if seen[hostile.Version] == 0 || seen[hostile.Later] == 0 {
		t.Errorf("calls by version: %v", seen)
	}
}

func TestACallThatIsCutByAReloadIsInDoubt(t *testing.T) {
	t.Parallel()
	b, dir := reloading(t, func(c *pluginhost.Config) { c.DrainTimeout, c.StopGrace = 50*time.Millisecond, 50*time.Millisecond })
	done := make(chan domain.Outcome, 1)
	go func() { done <- b.invoke(t, "bad", "slow_effect", `{}`) }()
	eventually(t, "the call has begun", func() bool { return strings.Contains(b.log.String(), "handler has begun") })
	replace(t, dir, "later", hostile.Later)
	b.order(pluginhost.Order{Active: b.offer(t)})
	if out := <-done; out.Class != domain.ClassUnknownOutcome || out.Crashed || out.ConnectorVersion != hostile.Version {
		t.Errorf("%s of %s, crashed %t: %+v", out.Class, out.ConnectorVersion, out.Crashed, out.Error)
	}
	b.serves(t, hostile.Later)
}

func TestAVersionThatDoesNotStartLeavesTheOldOneServing(t *testing.T) {
	t.Parallel()
	b, dir := reloading(t, func(c *pluginhost.Config) { c.ProbeEvery, c.RestartMax = 20*time.Millisecond, 100*time.Millisecond })
	first, pid := b.Serving("bad", domain.Sandbox), b.status(t, "bad").PID
	replace(t, dir, "bad", hostile.Later) // its program says that it is the old one
	if _, err := b.Offer("bad", domain.Sandbox); err == nil || !strings.Contains(err.Error(), hostile.Later) || !strings.Contains(err.Error(), "install both from one build") {
		t.Errorf("it is offered: %v", err)
	}
	// Another node was happier with it.
	b.order(pluginhost.Order{Active: pluginhost.Release{Version: hostile.Later, Digest: first.Digest}})
	eventually(t, "it says why", func() bool { return strings.Contains(b.status(t, "bad").Hindrance, "install both from one build") })
	s := b.status(t, "bad")
	if s.State != pluginhost.StateRunning || s.PID != pid || !s.Reads || !strings.Contains(s.Reason, hostile.Later) {
		t.Errorf("%+v", s)
	}
	b.serves(t, hostile.Version)
	b.order(pluginhost.Order{Active: first})
	eventually(t, "nothing is wrong any more", func() bool { s := b.status(t, "bad"); return s.Hindrance == "" && s.Reason == "healthy" })
	if b.status(t, "bad").PID != pid {
		t.Error("the process that served is another one")
	}
}

func TestANodeWithoutTheActiveVersionReadsNothingAndSaysSo(t *testing.T) {
	t.Parallel()
	other := pluginhost.Release{Version: hostile.Later, Digest: strings.Repeat("ab", 32), Locked: true}
	b, dir := reloading(t, nil)
	b.order(pluginhost.Order{Active: other})
	if b.Ready("bad", domain.Sandbox) {
		t.Error("it is ready for new work")
	}
	eventually(t, "it has ended", func() bool { s := b.status(t, "bad"); return s.State == pluginhost.StateIncompatible && s.PID == 0 })
	for _, want := range []string{"version 2.0.0 (sha256 abababababab) is active", "this node has 1.2.3 (sha256", "install"} {
		if s := b.status(t, "bad"); !strings.Contains(s.Reason, want) {
			t.Errorf("reason %q, want %q in it", s.Reason, want)
		}
	}
	wantClass(t, b.invoke(t, "bad", "echo", `{}`), domain.ClassUnavailable, "connector_not_ready")
	replace(t, dir, "later", hostile.Later)
	r := b.offer(t)
	r.Locked = true
	b.order(pluginhost.Order{Active: r})
	b.serves(t, hostile.Later)
}

func TestAMissingVersionIsLookedForWithEachOrder(t *testing.T) {
	t.Parallel()
	b, dir := reloading(t, nil)
	replace(t, dir, "later", hostile.Later)
	second := b.offer(t)
	fresh := setup(t, dir, nil)
	replace(t, dir, "bad", hostile.Version)
	second.Digest = strings.Repeat("ab", 32) // another build of it, which any later one passes for
	fresh.order(pluginhost.Order{Active: pluginhost.Release{Version: hostile.Version, Digest: second.Digest}})
	fresh.Need("bad", domain.Sandbox)
	fresh.serves(t, hostile.Version) // nothing is locked, and it is the same version
	fresh.order(pluginhost.Order{Active: second})
	eventually(t, "it is missing", func() bool { return fresh.status(t, "bad").State == pluginhost.StateIncompatible })
	replace(t, dir, "later", hostile.Later)
	fresh.order(pluginhost.Order{Active: second}) // the same order
	fresh.serves(t, hostile.Later)
}
