package pluginhost_test

import (
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/catalog"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
)

// upgrade installs the later version into a locked directory.
func upgrade(t *testing.T, dir string) {
	t.Helper()
	pkg, err := packLater()
	if err == nil {
		_, err = catalog.Upgrade(dir, pkg, unsigned())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestBothVersionsOfALockCanBeTheActiveOne(t *testing.T) {
	t.Parallel()
	dir := locked(t)
	b := setup(t, dir, nil)
	b.start(t, "bad")
	first := b.Serving("bad", domain.Sandbox)
	upgrade(t, dir)
	second := b.offer(t)
	if !first.Locked || !second.Locked || second.Version != hostile.Later || first.Digest == second.Digest {
		t.Errorf("%+v and %+v", first, second)
	}
	b.order(pluginhost.Order{Active: second})
	b.serves(t, hostile.Later)
	// A node that starts later, and has never seen the first one run.
	fresh := setup(t, dir, nil)
	fresh.order(pluginhost.Order{Active: first})
	fresh.Need("bad", domain.Sandbox)
	fresh.serves(t, hostile.Version)
	for name, r := range map[string]pluginhost.Release{
		"another build": {Version: hostile.Later, Digest: strings.Repeat("ab", 32), Locked: true},
		"unlocked":      {Version: hostile.Later, Digest: strings.Repeat("ab", 32)}, // here it is locked
	} {
		if err := fresh.Has("bad", r); err == nil || !strings.Contains(err.Error(), "this node has 2.0.0") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADamagedVersionOfALockIsNotOffered(t *testing.T) {
	t.Parallel()
	dir := locked(t)
	b := setup(t, dir, nil)
	b.start(t, "bad")
	upgrade(t, dir)
	if err := swap(catalog.Program(dir, "bad", hostile.Later)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Offer("bad", domain.Sandbox); err == nil || !strings.Contains(err.Error(), "checksum mismatch") {
		t.Errorf("%v", err)
	}
	b.serves(t, hostile.Version)
}

func TestAConnectorThatIsInstalledLaterRunsWithAnOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := setup(t, dir, nil)
	b.Need("bad", domain.Sandbox)
	eventually(t, "it is missing", func() bool { return b.status(t, "bad").State == pluginhost.StateIncompatible })
	if _, err := b.Offer("bad", domain.Sandbox); err == nil || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("%v", err)
	}
	pkg, err := packLater()
	if err == nil {
		_, err = catalog.Install(dir, pkg, unsigned())
	}
	if err != nil {
		t.Fatal(err)
	}
	b.order(pluginhost.Order{Active: b.offer(t)})
	b.serves(t, hostile.Later)
	if m := b.Manifests(); len(m) != 1 || m[0].Version != hostile.Later {
		t.Errorf("manifests: %v", m)
	}
}

func TestWhoInsistsOnALockRunsNothingWithout(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	install(t, dir, "bad", "bad", hostile.Bad("bad"))
	insist := func(c *pluginhost.Config) { c.Locked = true }
	b := setup(t, dir, insist)
	b.Need("bad", domain.Sandbox)
	eventually(t, "it is refused", func() bool { return b.status(t, "bad").State == pluginhost.StateIncompatible })
	for _, want := range []string{dir, "connectors.lock", "AFARA_CONNECTORS_LOCKED", "connector install"} {
		if s := b.status(t, "bad"); !strings.Contains(s.Reason, want) {
			t.Errorf("reason %q, want %q in it", s.Reason, want)
		}
	}
	if _, err := b.Offer("bad", domain.Sandbox); err == nil {
		t.Error("it is offered")
	}
	setup(t, locked(t), insist).start(t, "bad")
}

func TestAConnectorInTwoFoldersIsNotOffered(t *testing.T) {
	t.Parallel()
	one, two := t.TempDir(), t.TempDir()
	install(t, one, "bad", "bad", hostile.Bad("bad"))
	b := setup(t, one, func(c *pluginhost.Config) { c.Dirs = []string{one, two} })
	b.start(t, "bad")
	install(t, two, "later", "bad", hostile.BadAt("bad", hostile.Later))
	if _, err := b.Offer("bad", domain.Sandbox); err == nil || !strings.Contains(err.Error(), one) || !strings.Contains(err.Error(), two) {
		t.Errorf("%v", err)
	}
	b.serves(t, hostile.Version)
}
