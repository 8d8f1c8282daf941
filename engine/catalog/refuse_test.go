package catalog_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/catalog"
)

// entry is one of an archive that nobody packed with pack.
type entry struct {
	header tar.Header
	body   string
}

func file(name, body string) entry {
	return entry{tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(body)), Mode: 0o644}, body}
}

func archive(t testing.TB, entries []entry) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		must(t, w.WriteHeader(&e.header))
		_, err := io.WriteString(w, e.body)
		must(t, err)
	}
	must(t, errors.Join(w.Close(), z.Close()))
	path := filepath.Join(t.TempDir(), "foreign.tar.gz")
	must(t, os.WriteFile(path, b.Bytes(), 0o644))
	return path
}

// open lists an archive, to be changed and written again.
func open(t testing.TB, pkg string) (all []entry) {
	t.Helper()
	f, err := os.Open(pkg)
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		must(t, err)
		body, err := io.ReadAll(r)
		must(t, err)
		all = append(all, entry{*h, string(body)})
	}
}

func without(all []entry, name string) (out []entry) {
	for _, e := range all {
		if e.header.Name != name {
			out = append(out, e)
		}
	}
	return out
}

// with puts another body in the place of an entry's.
func with(all []entry, name string, change func(string) string) []entry {
	out := without(all, name)
	for _, e := range all {
		if e.header.Name == name {
			return append([]entry{file(name, change(e.body))}, out...)
		}
	}
	return out
}

func TestForeignArchivesAreRefused(t *testing.T) {
	t.Parallel()
	a, b := newAuthor(t), newAuthor(t)
	good := open(t, a.pack(t, "1.0.0", "one"))
	bare := open(t, unsigned(t, source(t, "1.0.0", "one")))
	add := func(e ...entry) []entry { return append(append([]entry{}, good...), e...) }
	special := func(kind byte, name, target string) []entry {
		return add(entry{header: tar.Header{Typeflag: kind, Name: name, Linkname: target}})
	}
	var many []entry
	for i := range catalog.MaxFiles {
		many = append(many, file(fmt.Sprintf("f%d", i), ""))
	}
	otherSig := open(t, b.pack(t, "1.0.0", "one"))
	for name, c := range map[string]struct {
		rule    catalog.Rule
		words   string
		entries []entry
	}{
		"climbing":         {catalog.RulePath, "../evil", add(file("../evil", "x"))},
		"climbing inside":  {catalog.RulePath, "bin/../../evil", add(file("bin/../../evil", "x"))},
		"absolute":         {catalog.RulePath, "/etc/evil", add(file("/etc/evil", "x"))},
		"backslash":        {catalog.RulePath, "evil", add(file(`..\evil`, "x"))},
		"hidden":           {catalog.RulePath, ".evil", add(file(".evil", "x"))},
		"control":          {catalog.RulePath, "plain relative path", add(file("a\nb", "x"))},
		"not ASCII":        {catalog.RulePath, "plain relative path", add(file("é", "x"))},
		"long":             {catalog.RulePath, "more than 200", add(file(strings.Repeat("a", 201), "x"))},
		"deep":             {catalog.RulePath, "folders deep", add(file("a/b/c/d/e/f/g/h/i", "x"))},
		"climbing folder":  {catalog.RulePath, "evil", add(entry{header: tar.Header{Typeflag: tar.TypeDir, Name: "../evil/"}})},
		"symbolic link":    {catalog.RuleFileType, "link", special(tar.TypeSymlink, "link", "/etc/passwd")},
		"hard link":        {catalog.RuleFileType, "link", special(tar.TypeLink, "link", "manifest.json")},
		"character device": {catalog.RuleFileType, "null", special(tar.TypeChar, "null", "")},
		"block device":     {catalog.RuleFileType, "disk", special(tar.TypeBlock, "disk", "")},
		"pipe":             {catalog.RuleFileType, "pipe", special(tar.TypeFifo, "pipe", "")},
		"twice":            {catalog.RuleDuplicate, "LICENSE", add(file("LICENSE", "free"))},
		"other case":       {catalog.RuleDuplicate, "license", add(file("license", "free"))},
		"folder and file":  {catalog.RuleDuplicate, "LICENSE", add(file("LICENSE/x", "free"))},
		"folder's case":    {catalog.RuleDuplicate, "BIN", add(file("BIN/x", "free"))},
		"too many":         {catalog.RuleCount, "1024", append(many, good...)},
		"extra":            {catalog.RuleExtra, "x is not listed", add(file("x", "x"))},
		"missing":          {catalog.RuleMissing, "LICENSE", without(good, "LICENSE")},
		"no index":         {catalog.RuleMissing, "index.json", without(good, "index.json")},
		"changed":          {catalog.RuleDigest, "LICENSE", with(good, "LICENSE", func(string) string { return "fr33" })},
		"index changed":    {catalog.RuleSignature, "was changed", with(good, "index.json", func(s string) string { return strings.Replace(s, "1.0.0", "1.0.1", 1) })},
		"index spaced":     {catalog.RuleIndex, "spacing", with(good, "index.json", func(s string) string { return s + " " })},
		"index of nothing": {catalog.RuleIndex, "index.json", with(good, "index.json", func(string) string { return "null\n" })},
		"signature cut":    {catalog.RuleSignature, "index.sig", with(good, "index.sig", func(s string) string { return s[:20] })},
		"another's key":    {catalog.RuleSignature, "keyId", with(good, "index.sig", func(s string) string { return strings.Replace(s, a.id, b.id, 1) })},
		"another's sign":   {catalog.RuleUntrusted, b.id, otherSig},
		"unsigned":         {catalog.RuleUnsigned, "--allow-unsigned", bare},
		"signature gone":   {catalog.RuleUnsigned, "--allow-unsigned", without(good, "index.sig")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outer := t.TempDir()
			dir := filepath.Join(outer, "plugins")
			must(t, os.Mkdir(dir, 0o755))
			_, err := catalog.Install(dir, archive(t, c.entries), a.trust())
			wantRule(t, err, c.rule, c.words)
			for _, d := range []string{dir, outer} {
				if left, _ := os.ReadDir(d); len(left) > 1 || d == dir && len(left) > 0 {
					t.Errorf("left behind in %s: %v", d, left)
				}
			}
		})
	}
}

func TestWhatIsNoArchiveIsRefused(t *testing.T) {
	t.Parallel()
	a := newAuthor(t)
	raw, err := os.ReadFile(a.pack(t, "1.0.0", "one"))
	must(t, err)
	for name, content := range map[string][]byte{
		"empty": nil, "text": []byte("hello"), "cut": raw[:len(raw)/2], "checksum cut": raw[:len(raw)-4],
		"more behind it": append(append([]byte{}, raw...), "x"...), "another behind it": append(append([]byte{}, raw...), raw...),
	} {
		path := filepath.Join(t.TempDir(), "x.tar.gz")
		must(t, os.WriteFile(path, content, 0o644))
		_, err := catalog.Install(t.TempDir(), path, a.trust())
		t.Log(name)
		wantRule(t, err, catalog.RuleArchive, "x.tar.gz", "connector pack")
	}
}

// TestABombCostsNoMoreThanItsLimit: the sizes are found while unpacking, the
// header's promise first.
func TestABombCostsNoMoreThanItsLimit(t *testing.T) {
	t.Parallel()
	a, path := newAuthor(t), filepath.Join(t.TempDir(), "bomb.tar.gz")
	f, err := os.Create(path)
	must(t, err)
	z := gzip.NewWriter(f)
	w := tar.NewWriter(z)
	must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "big", Size: catalog.MaxFileBytes + 1, Mode: 0o644}))
	must(t, errors.Join(z.Close(), f.Close()))
	dir := t.TempDir()
	_, err = catalog.Install(dir, path, a.trust())
	wantRule(t, err, catalog.RuleSize, "big", fmt.Sprint(catalog.MaxFileBytes))
	folder := tree(t, map[string]string{"small": ""})
	must(t, os.Truncate(filepath.Join(folder, "small"), catalog.MaxFileBytes+1)) // a hole, no bytes on the disk
	_, err = catalog.Pack(folder, path)
	wantRule(t, err, catalog.RuleSize, "small")
}

func TestForeignFoldersAreRefused(t *testing.T) {
	t.Parallel()
	a := newAuthor(t)
	linked := source(t, "1.0.0", "one")
	must(t, os.Symlink("/etc/passwd", filepath.Join(linked, "link")))
	folder := source(t, "1.0.0", "one")
	must(t, os.Symlink("/etc", filepath.Join(folder, "etc")))
	for _, dir := range []string{linked, folder} {
		_, err := catalog.Install(t.TempDir(), dir, a.trust())
		wantRule(t, err, catalog.RuleFileType)
	}
}

func TestWhatCannotRunHereIsNotPackedOrInstalled(t *testing.T) {
	t.Parallel()
	a := newAuthor(t)
	m := string(manifest(t, "demo", "1.0.0"))
	for name, c := range map[string]struct {
		rule  catalog.Rule
		words string
		files map[string]string
	}{
		"no manifest":  {catalog.RuleMissing, "manifest.json", map[string]string{program(): "x"}},
		"no JSON":      {catalog.RuleManifest, "manifest.json", map[string]string{"manifest.json": "{", program(): "x"}},
		"no version":   {catalog.RuleManifest, "semantic version", map[string]string{"manifest.json": `{"name":"demo","version":"1"}`, program(): "x"}},
		"bad name":     {catalog.RuleManifest, "small letters", map[string]string{"manifest.json": `{"name":"../x","version":"1.0.0"}`, program(): "x"}},
		"not valid":    {catalog.RuleManifest, "schemas/v1/manifest.json", map[string]string{"manifest.json": strings.Replace(m, `"title"`, `"titel"`, 1), program(): "x"}},
		"new protocol": {catalog.RuleProtocol, "wants version 2, this build speaks 1", map[string]string{"manifest.json": strings.Replace(m, `"protocolVersion":1`, `"protocolVersion":2`, 1), program(): "x"}},
		"no program":   {catalog.RulePlatform, "bin/OS_ARCH/demo", map[string]string{"manifest.json": m, "demo": "x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := catalog.Pack(tree(t, c.files), filepath.Join(t.TempDir(), "x.tar.gz"))
			wantRule(t, err, c.rule, c.words)
		})
	}
	for words, files := range map[string]map[string]string{
		"no " + program(): {"manifest.json": m, "bin/plan9_mips/demo": "x"},
		"a script":        {"manifest.json": m, program(): "#!/bin/sh\n"},
		"empty":           {"manifest.json": m, program(): ""},
	} {
		_, err := catalog.Install(t.TempDir(), a.sign(t, unsigned(t, tree(t, files))), a.trust())
		wantRule(t, err, catalog.RulePlatform, "demo", words)
	}
}

func TestAManifestOfAnotherNameOrVersionIsRefused(t *testing.T) {
	t.Parallel()
	a := newAuthor(t)
	for _, change := range [][2]string{{`"name": "demo"`, `"name": "omed"`}, {`"version": "1.0.0"`, `"version": "1.0.1"`}} {
		all := open(t, unsigned(t, source(t, "1.0.0", "one")))
		pkg := archive(t, with(all, "index.json", func(s string) string { return strings.Replace(s, change[0], change[1], 1) }))
		key, err := catalog.ReadPrivateKey(a.base + ".key")
		must(t, err)
		_, err = catalog.Sign(pkg, key)
		wantRule(t, err, catalog.RuleManifest, "demo", "1.0.0")
		_, err = catalog.Install(t.TempDir(), pkg, catalog.Policy{AllowUnsigned: true})
		wantRule(t, err, catalog.RuleManifest, "demo", "1.0.0")
	}
}

func TestTheSignerIsPinnedPerName(t *testing.T) {
	t.Parallel()
	a, b, dir := newAuthor(t), newAuthor(t), t.TempDir()
	first := a.pack(t, "1.0.0", "one")
	_, err := catalog.Install(dir, first, catalog.Policy{})
	wantRule(t, err, catalog.RuleUntrusted, "demo", a.id, "--trust")
	_, err = catalog.Install(dir, first, b.trust())
	wantRule(t, err, catalog.RuleUntrusted, a.id)
	_, err = catalog.Install(dir, first, catalog.Policy{Trust: []string{"me"}})
	wantRule(t, err, catalog.RuleKey, "me", "keygen")
	_, err = catalog.Install(dir, first, a.trust())
	must(t, err)

	other := b.pack(t, "1.1.0", "two")
	_, err = catalog.Upgrade(dir, other, b.trust())
	wantRule(t, err, catalog.RuleSigner, "demo", a.id, b.id, "--change-signer")
	_, err = catalog.Upgrade(dir, other, catalog.Policy{ChangeSigner: true})
	wantRule(t, err, catalog.RuleUntrusted, b.id)
	bare := unsigned(t, source(t, "1.1.0", "two"))
	_, err = catalog.Upgrade(dir, bare, catalog.Policy{AllowUnsigned: true})
	wantRule(t, err, catalog.RuleSigner, "unsigned", a.id)
	whole(t, dir, "1.0.0")

	// The pin outlives the connector.
	must(t, catalog.Remove(dir, "demo"))
	_, err = catalog.Install(dir, other, b.trust())
	wantRule(t, err, catalog.RuleSigner, a.id, b.id)
	_, err = catalog.Install(dir, other, catalog.Policy{Trust: []string{b.id}, ChangeSigner: true})
	must(t, err)
	whole(t, dir, "1.1.0")
	_, err = catalog.Upgrade(dir, a.pack(t, "1.2.0", "x"), a.trust())
	wantRule(t, err, catalog.RuleSigner)
	_, err = catalog.Upgrade(dir, b.pack(t, "1.2.0", "x"), catalog.Policy{})
	must(t, err)
}

func TestAKeyInTheDirectoryIsTrusted(t *testing.T) {
	t.Parallel()
	a, b, keys := newAuthor(t), newAuthor(t), t.TempDir()
	must(t, os.Rename(a.base+".pub", filepath.Join(keys, "a.pub")))
	policy := catalog.Policy{TrustedKeys: keys}
	_, err := catalog.Install(t.TempDir(), a.pack(t, "1.0.0", "one"), policy)
	must(t, err)
	dir := t.TempDir()
	_, err = catalog.Install(dir, b.pack(t, "1.0.0", "one"), policy)
	wantRule(t, err, catalog.RuleUntrusted, b.id, "--trusted-keys")
	must(t, os.WriteFile(filepath.Join(keys, "b.pub"), []byte("not a key"), 0o644))
	_, err = catalog.Install(dir, b.pack(t, "1.0.0", "one"), policy)
	wantRule(t, err, catalog.RuleKey, "b.pub")
	_, err = catalog.Install(dir, b.pack(t, "1.0.0", "one"), catalog.Policy{TrustedKeys: filepath.Join(keys, "none")})
	wantRule(t, err, catalog.RuleKey, "none")
}

func TestUnsignedIsAPolicy(t *testing.T) {
	t.Parallel()
	a, dir := newAuthor(t), t.TempDir()
	policy := catalog.Policy{AllowUnsigned: true}
	in, err := catalog.Install(dir, unsigned(t, source(t, "1.0.0", "one")), policy)
	must(t, err)
	if in.Signer != nil {
		t.Errorf("signed by %s", in.Signer)
	}
	_, err = catalog.Upgrade(dir, unsigned(t, source(t, "1.1.0", "two")), catalog.Policy{})
	wantRule(t, err, catalog.RuleUnsigned, "demo")
	// From unsigned to signed is a first use.
	signed := a.pack(t, "1.1.0", "two")
	_, err = catalog.Upgrade(dir, signed, policy)
	wantRule(t, err, catalog.RuleUntrusted, a.id)
	_, err = catalog.Upgrade(dir, signed, a.trust())
	must(t, err)
	whole(t, dir, "1.1.0")
}

func TestVersionsRise(t *testing.T) {
	t.Parallel()
	// Each is above the one before it (semver.org, 11, and numbers of any length).
	order := []string{
		"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
		"1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0", "99999999999999999999.0.0", "100000000000000000000.0.0",
	}
	a, dir := newAuthor(t), t.TempDir()
	_, err := catalog.Install(dir, a.pack(t, order[0], "x"), a.trust())
	must(t, err)
	for i, version := range order[1:] {
		_, err := catalog.Install(dir, a.pack(t, version, "x"), a.trust())
		wantRule(t, err, catalog.RuleInstalled, order[i], "connector upgrade")
		_, err = catalog.Upgrade(dir, a.pack(t, version, "x"), catalog.Policy{})
		must(t, err)
		old := a.pack(t, order[i], "x")
		_, err = catalog.Upgrade(dir, old, catalog.Policy{})
		wantRule(t, err, catalog.RuleDowngrade, "demo", version, order[i], "--allow-downgrade", "rollback")
	}
	_, err = catalog.Upgrade(dir, a.pack(t, "1.0.0", "x"), catalog.Policy{AllowDowngrade: true})
	must(t, err)
	whole(t, dir, "1.0.0")
	for _, version := range []string{"1.0.0", "1.0.0+build.2"} {
		_, err = catalog.Upgrade(dir, a.pack(t, version, "other"), catalog.Policy{AllowDowngrade: true})
		wantRule(t, err, catalog.RuleReused, "demo", "1.0.0", "higher version")
	}
	_, err = catalog.Upgrade(t.TempDir(), a.pack(t, "1.0.0", "x"), a.trust())
	wantRule(t, err, catalog.RuleInstalled, "demo", "connector install")
	_, err = catalog.Rollback(dir, "none")
	wantRule(t, err, catalog.RuleInstalled, "none")
}

func TestADamagedVersionIsNotGoneBackTo(t *testing.T) {
	t.Parallel()
	a, dir := newAuthor(t), t.TempDir()
	_, err := catalog.Install(dir, a.pack(t, "1.0.0", "one"), a.trust())
	must(t, err)
	_, err = catalog.Upgrade(dir, a.pack(t, "2.0.0", "two"), catalog.Policy{})
	must(t, err)
	must(t, spoil(catalog.Program(dir, "demo", "1.0.0"), "\x7fELF bad"))
	before := lockOf(t, dir)
	_, err = catalog.Rollback(dir, "demo")
	wantRule(t, err, catalog.RuleDigest, "demo")
	if lockOf(t, dir) != before {
		t.Error("the lock was changed")
	}
}

func TestARollbackPinsTheSignerOfTheVersionThatItGoesBackTo(t *testing.T) {
	t.Parallel()
	before, after, dir := newAuthor(t), newAuthor(t), t.TempDir()
	_, err := catalog.Install(dir, before.pack(t, "1.0.0", "one"), before.trust())
	must(t, err)
	changed := after.trust()
	changed.ChangeSigner = true
	_, err = catalog.Upgrade(dir, after.pack(t, "1.1.0", "two"), changed)
	must(t, err)
	in, err := catalog.Rollback(dir, "demo")
	must(t, err)
	if in.Signer.String() != before.id {
		t.Errorf("pinned is %s, want %s", in.Signer, before.id)
	}
	_, err = catalog.Upgrade(dir, after.pack(t, "1.2.0", "three"), after.trust())
	wantRule(t, err, catalog.RuleSigner, before.id, after.id)
	_, err = catalog.Upgrade(dir, before.pack(t, "1.2.0", "three"), catalog.Policy{})
	must(t, err)
}

func TestKeysAreNotOverwrittenAndNotLeftOpen(t *testing.T) {
	t.Parallel()
	a := newAuthor(t)
	_, err := catalog.GenerateKey(a.base)
	wantRule(t, err, catalog.RuleKey, "author.key")
	must(t, os.Chmod(a.base+".key", 0o644))
	_, err = catalog.ReadPrivateKey(a.base + ".key")
	wantRule(t, err, catalog.RuleKey, "chmod 600")
	_, err = catalog.ReadPrivateKey(a.base + ".pub")
	wantRule(t, err, catalog.RuleKey, "chmod 600")
	must(t, os.Chmod(a.base+".pub", 0o600))
	_, err = catalog.ReadPrivateKey(a.base + ".pub")
	wantRule(t, err, catalog.RuleKey, "PRIVATE KEY")
}
