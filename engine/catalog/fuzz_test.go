package catalog_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/catalog"
)

// FuzzParseIndex: what is taken is within the limits, and stays inside.
func FuzzParseIndex(f *testing.F) {
	for _, e := range open(f, unsigned(f, source(f, "1.0.0", "one"))) {
		if e.header.Name == "index.json" {
			f.Add([]byte(e.body))
			f.Add([]byte(strings.Replace(e.body, "LICENSE", "../LICENSE", 1)))
			f.Add([]byte(e.body + e.body))
		}
	}
	f.Add([]byte(`{"schema":1,"name":"demo","name":"other"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		i, err := catalog.ParseIndex(raw)
		if err != nil {
			return
		}
		checkFiles(t, i.Files)
	})
}

func checkFiles(t *testing.T, files []catalog.File) {
	t.Helper()
	seen, total := map[string]bool{}, int64(0)
	for _, f := range files {
		if !filepath.IsLocal(f.Path) || seen[strings.ToLower(f.Path)] || len(f.SHA256) != 64 {
			t.Errorf("taken: %+v", f)
		}
		seen[strings.ToLower(f.Path)] = true
		total += f.Size
	}
	if len(files) > catalog.MaxFiles || total > catalog.MaxPackageBytes {
		t.Errorf("%d files with %d bytes", len(files), total)
	}
}

// FuzzParseLock: the same of a lock, and an active version is there.
func FuzzParseLock(f *testing.F) {
	a, dir := newAuthor(f), f.TempDir()
	for _, p := range []catalog.Policy{a.trust(), {}} {
		pkg := a.pack(f, "1.0.0", "one")
		_, err := catalog.Install(dir, pkg, p)
		must(f, err)
		f.Add([]byte(lockOf(f, dir)))
	}
	f.Add([]byte(strings.Replace(lockOf(f, dir), `"active": "1.0.0"`, `"active": "../1.0.0"`, 1)))
	f.Add([]byte("{\n  \"schema\": 1,\n  \"connectors\": []\n}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		l, err := catalog.ParseLock(raw)
		if err != nil {
			return
		}
		for _, c := range l.Connectors {
			if !filepath.IsLocal(c.Name) || strings.Contains(c.Name, "/") {
				t.Errorf("name %q", c.Name)
			}
			found := c.Active == ""
			for _, v := range c.Versions {
				found = found || v.Version == c.Active
				checkFiles(t, v.Files)
				if !filepath.IsLocal(v.Version) || strings.Contains(v.Version, "/") {
					t.Errorf("version %q", v.Version)
				}
			}
			if !found {
				t.Errorf("%s: active %q is not there", c.Name, c.Active)
			}
		}
	})
}

// FuzzInstall feeds foreign archives to all that reads them: no file appears
// outside, nothing is installed that nobody signed.
func FuzzInstall(f *testing.F) {
	a, b := newAuthor(f), newAuthor(f)
	for _, pkg := range []string{
		a.pack(f, "1.0.0", "one"), b.pack(f, "1.0.0", "one"), unsigned(f, source(f, "1.0.0", "one")),
		archive(f, []entry{file("../evil", "x")}), archive(f, []entry{file("index.json", "{}")}),
	} {
		raw, err := os.ReadFile(pkg)
		must(f, err)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		outer := t.TempDir()
		dir, pkg := filepath.Join(outer, "plugins"), filepath.Join(outer, "x.tar.gz")
		must(t, errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(pkg, raw, 0o600)))
		in, err := catalog.Install(dir, pkg, a.trust())
		if err == nil && in.Signer.String() != a.id {
			t.Errorf("installed from %s", in.Signer)
		}
		if err == nil {
			whole(t, dir, in.Version)
		}
		if left, _ := os.ReadDir(outer); len(left) != 2 {
			t.Errorf("written outside: %v", left)
		}
		if left, _ := os.ReadDir(dir); err != nil && len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}
