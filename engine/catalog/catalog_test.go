package catalog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/catalog"
)

// manifest is one that schemas.ParseManifest takes.
func manifest(t testing.TB, name, version string) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{
		"name": name, "version": version, "title": "A test connector", "protocolVersion": 1,
		"capabilities": []string{"test"}, "operations": []any{map[string]any{
			"name": name + ".echo", "title": "Echo", "effect": "none", "deadline": "5s",
			"input": map[string]any{"type": "object"}, "output": map[string]any{"type": "object"},
		}},
		"settings": map[string]any{"type": "object", "additionalProperties": false},
	})
	must(t, err)
	return raw
}

// tree writes files into a new folder.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	for path, content := range files {
		full := filepath.Join(dir, filepath.FromSlash(path))
		must(t, os.MkdirAll(filepath.Dir(full), 0o755))
		must(t, os.WriteFile(full, []byte(content), 0o644))
	}
	return dir
}

func program() string { return "bin/" + catalog.Platform() + "/demo" }

// source is the folder that an author packs; body tells two builds apart.
func source(t testing.TB, version, body string) string {
	t.Helper()
	return tree(t, map[string]string{"manifest.json": string(manifest(t, "demo", version)), program(): "\x7fELF " + body, "bin/plan9_mips/demo": "other", "LICENSE": "free"})
}

// author signs packages.
type author struct {
	base, id string
}

func newAuthor(t testing.TB) author {
	t.Helper()
	a := author{base: filepath.Join(t.TempDir(), "author")}
	id, err := catalog.GenerateKey(a.base)
	must(t, err)
	a.id = id
	return a
}

// pack makes a signed archive.
func (a author) pack(t testing.TB, version, body string) string {
	t.Helper()
	return a.sign(t, unsigned(t, source(t, version, body)))
}

func (a author) sign(t testing.TB, pkg string) string {
	t.Helper()
	key, err := catalog.ReadPrivateKey(a.base + ".key")
	must(t, err)
	_, err = catalog.Sign(pkg, key)
	must(t, err)
	return pkg
}

func (a author) trust() catalog.Policy { return catalog.Policy{Trust: []string{a.id}} }

func unsigned(t testing.TB, folder string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "demo.tar.gz")
	_, err := catalog.Pack(folder, out)
	must(t, err)
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantRule fails unless err is a refusal by the rule that says all of it.
func wantRule(t testing.TB, err error, rule catalog.Rule, words ...string) {
	t.Helper()
	var r *catalog.Refusal
	if !errors.As(err, &r) || r.Rule != rule {
		t.Fatalf("got %v, want a refusal by %s", err, rule)
	}
	if r.Connector == "" || r.Detail == "" || r.Fix == "" {
		t.Errorf("connector, detail or fix is missing: %+v", r)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q is not in %q", w, err)
		}
	}
}

// whole fails unless the directory is in order with that version active; an
// empty version means that nothing is installed.
func whole(t testing.TB, dir, version string) {
	t.Helper()
	all, err := catalog.Verify(dir)
	if version == "" && errors.Is(err, fs.ErrNotExist) {
		return
	}
	must(t, err)
	active := ""
	for _, c := range all {
		if c.Fault != nil {
			t.Errorf("%s %s: %v", c.Name, c.Version, c.Fault)
		}
		if c.Active {
			active = c.Version
		}
	}
	if active != version {
		t.Errorf("active is %q, want %q", active, version)
	}
}

func lockOf(t testing.TB, dir string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, catalog.LockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	must(t, err)
	return string(raw)
}

func TestASignedPackageIsInstalledUpgradedRolledBackAndRemoved(t *testing.T) {
	t.Parallel()
	a, dir := newAuthor(t), t.TempDir()
	in, err := catalog.Install(dir, a.pack(t, "1.0.0", "one"), a.trust())
	must(t, err)
	if in.Name != "demo" || in.Version != "1.0.0" || in.Signer.String() != a.id || in.Previous != "" {
		t.Errorf("installed %+v", in)
	}
	whole(t, dir, "1.0.0")
	if raw, err := os.ReadFile(catalog.Program(dir, "demo", "1.0.0")); err != nil || string(raw) != "\x7fELF one" {
		t.Errorf("program: %q, %v", raw, err)
	}
	info, err := os.Stat(catalog.Program(dir, "demo", "1.0.0"))
	must(t, err)
	if info.Mode().Perm() != 0o555 {
		t.Errorf("the program's mode is %v", info.Mode())
	}
	for _, version := range []string{"1.1.0", "1.2.0-rc.1"} {
		if in, err = catalog.Upgrade(dir, a.pack(t, version, version), catalog.Policy{}); err != nil {
			t.Fatal(err)
		}
		whole(t, dir, version)
	}
	if in.Previous != "1.1.0" {
		t.Errorf("kept is %q", in.Previous)
	}
	if _, err := os.Stat(catalog.Folder(dir, "demo", "1.0.0")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the version before the previous one is still there: %v", err)
	}
	for _, want := range []string{"1.1.0", "1.2.0-rc.1"} {
		if in, err = catalog.Rollback(dir, "demo"); err != nil || in.Version != want {
			t.Errorf("rolled back to %+v, %v", in, err)
		}
		whole(t, dir, want)
	}
	must(t, catalog.Remove(dir, "demo"))
	whole(t, dir, "")
	if _, err := os.Stat(filepath.Join(dir, "demo")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its folder is still there: %v", err)
	}
	wantRule(t, catalog.Remove(dir, "demo"), catalog.RuleInstalled, "demo")
	if !strings.Contains(lockOf(t, dir), a.id) {
		t.Error("the removed connector's signer is no longer pinned")
	}
}

func TestTheSameContentIsTheSameBytes(t *testing.T) {
	t.Parallel()
	a, one, two := newAuthor(t), t.TempDir(), t.TempDir()
	pkg := a.pack(t, "1.0.0", "one")
	again := a.pack(t, "1.0.0", "one")
	x, _ := os.ReadFile(pkg)
	y, _ := os.ReadFile(again)
	if len(x) == 0 || !bytes.Equal(x, y) {
		t.Error("packing the same folder twice gives other bytes")
	}
	for _, dir := range []string{one, two} {
		_, err := catalog.Install(dir, pkg, a.trust())
		must(t, err)
	}
	if lockOf(t, one) != lockOf(t, two) {
		t.Error("the same installation gives other locks")
	}
	before := lockOf(t, one)
	_, err := catalog.Install(one, pkg, catalog.Policy{})
	must(t, err)
	if lockOf(t, one) != before {
		t.Error("installing the same again changed the lock")
	}
}

func TestAFolderIsAPackageToo(t *testing.T) {
	t.Parallel()
	a, dir := newAuthor(t), t.TempDir()
	from := filepath.Join(t.TempDir(), "from")
	_, err := catalog.Install(from, a.pack(t, "1.0.0", "one"), a.trust())
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a directory that is not there: %v", err)
	}
	must(t, os.Mkdir(from, 0o755))
	_, err = catalog.Install(from, a.pack(t, "1.0.0", "one"), a.trust())
	must(t, err)
	_, err = catalog.Install(dir, catalog.Folder(from, "demo", "1.0.0"), a.trust())
	must(t, err)
	whole(t, dir, "1.0.0")
	if lockOf(t, dir) != lockOf(t, from) {
		t.Error("from a folder the lock is another one")
	}
}

func TestADamagedVersionIsMendedByItsOwnPackage(t *testing.T) {
	t.Parallel()
	a, dir := newAuthor(t), t.TempDir()
	pkg := a.pack(t, "1.0.0", "one")
	_, err := catalog.Install(dir, pkg, a.trust())
	must(t, err)
	must(t, os.Remove(catalog.Program(dir, "demo", "1.0.0")))
	all, err := catalog.Verify(dir)
	must(t, err)
	wantRule(t, all[0].Fault, catalog.RuleMissing, "demo", "install its package again")
	_, err = catalog.Install(dir, pkg, catalog.Policy{})
	must(t, err)
	whole(t, dir, "1.0.0")
}

func TestVerifyFindsEveryChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule catalog.Rule
		do   func(dir, folder string) error
	}{
		"changed":  {catalog.RuleDigest, func(_, f string) error { return spoil(filepath.Join(f, "LICENSE"), "fr33") }},
		"manifest": {catalog.RuleDigest, func(_, f string) error { return spoil(filepath.Join(f, "manifest.json"), "{}") }},
		"extra":    {catalog.RuleExtra, func(_, f string) error { return os.WriteFile(filepath.Join(f, "x"), nil, 0o600) }},
		"missing":  {catalog.RuleMissing, func(_, f string) error { return os.Remove(filepath.Join(f, "LICENSE")) }},
		"gone":     {catalog.RuleMissing, func(_, f string) error { return os.RemoveAll(f) }},
		"link": {catalog.RuleFileType, func(_, f string) error {
			return errors.Join(os.Rename(filepath.Join(f, "LICENSE"), filepath.Join(f, "..", "..", "L")), os.Symlink("../../L", filepath.Join(f, "LICENSE")))
		}},
		"stray version": {catalog.RuleExtra, func(_, f string) error { return os.Mkdir(f+"1", 0o700) }},
		"unlocked": {catalog.RuleUnlocked, func(d, _ string) error {
			return errors.Join(os.Mkdir(filepath.Join(d, "other"), 0o700), os.WriteFile(filepath.Join(d, "other", "other"), nil, 0o700))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, dir := newAuthor(t), t.TempDir()
			_, err := catalog.Install(dir, a.pack(t, "1.0.0", "one"), a.trust())
			must(t, err)
			must(t, c.do(dir, catalog.Folder(dir, "demo", "1.0.0")))
			all, err := catalog.Verify(dir)
			must(t, err)
			var faults []error
			for _, v := range all {
				if v.Fault != nil {
					faults = append(faults, v.Fault)
				}
			}
			if len(faults) != 1 {
				t.Fatalf("faults: %v", faults)
			}
			wantRule(t, faults[0], c.rule)
		})
	}
}

// spoil writes other content of any length, whatever the mode.
func spoil(path, content string) error {
	return errors.Join(os.Remove(path), os.WriteFile(path, []byte(content), 0o444))
}

func TestALockOfAnotherSignerDoesNotFit(t *testing.T) {
	t.Parallel()
	a, b, dir := newAuthor(t), newAuthor(t), t.TempDir()
	_, err := catalog.Install(dir, a.pack(t, "1.0.0", "one"), a.trust())
	must(t, err)
	other := t.TempDir()
	_, err = catalog.Install(other, b.pack(t, "1.0.0", "one"), b.trust())
	must(t, err)
	// The signers of one lock with the files of the other.
	theirs, _, _ := strings.Cut(lockOf(t, other), `"files"`)
	_, files, _ := strings.Cut(lockOf(t, dir), `"files"`)
	must(t, os.WriteFile(filepath.Join(dir, catalog.LockFile), []byte(theirs+`"files"`+files), 0o644))
	all, err := catalog.Verify(dir)
	must(t, err)
	wantRule(t, all[0].Fault, catalog.RuleSigner, a.id, b.id)
}

func TestOneChangeAtATime(t *testing.T) {
	t.Parallel()
	a, dir := newAuthor(t), t.TempDir()
	pkg := a.pack(t, "1.0.0", "one")
	results := make(chan error, 8)
	for range cap(results) {
		go func() { _, err := catalog.Install(dir, pkg, a.trust()); results <- err }()
	}
	well := 0
	for range cap(results) {
		err := <-results
		if err == nil {
			well++
			continue
		}
		wantRule(t, err, catalog.RuleBusy, dir)
	}
	if well == 0 {
		t.Error("nobody could install")
	}
	whole(t, dir, "1.0.0")
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestConnectorsThatRunTodayAreNotShutOut(t *testing.T) {
	t.Parallel()
	a, dir := newAuthor(t), tree(t, map[string]string{"echo/echo": "\x7fELF", "echo/manifest.json": "{}"})
	_, err := catalog.Install(dir, a.pack(t, "1.0.0", "one"), a.trust())
	wantRule(t, err, catalog.RuleUnlocked, "echo", dir, "another directory")
	if lockOf(t, dir) != "" {
		t.Error("a lock was written")
	}
}

func TestABrokenLockIsNeverOverwritten(t *testing.T) {
	t.Parallel()
	a, dir := newAuthor(t), t.TempDir()
	for _, text := range []string{"", "{}", `{"schema": 2, "connectors": []}`, "{\n  \"schema\": 2,\n  \"connectors\": []\n}\n"} {
		must(t, os.WriteFile(filepath.Join(dir, catalog.LockFile), []byte(text), 0o644))
		_, err := catalog.Install(dir, a.pack(t, "1.0.0", "one"), a.trust())
		wantRule(t, err, catalog.RuleLock, catalog.LockFile)
		if lockOf(t, dir) != text {
			t.Error("the lock was overwritten")
		}
	}
}
