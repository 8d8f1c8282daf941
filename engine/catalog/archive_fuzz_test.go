package catalog

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// FuzzArchive feeds foreign tar streams, in a gzip whose checksum fits, to what
// unpacks them: what is written is plain files inside, as listed.
func FuzzArchive(f *testing.F) {
	for _, h := range []tar.Header{
		{Typeflag: tar.TypeReg, Name: "a/b", Size: 2}, {Typeflag: tar.TypeReg, Name: "../evil", Size: 2}, {Typeflag: tar.TypeDir, Name: "a/"},
		{Typeflag: tar.TypeSymlink, Name: "a", Linkname: "/etc"}, {Typeflag: tar.TypeReg, Name: "/evil", Size: 2, Format: tar.FormatPAX},
	} {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for _, h := range []tar.Header{h, {Typeflag: tar.TypeReg, Name: "A/c", Size: 2}} {
			if err := w.WriteHeader(&h); err != nil {
				f.Fatal(err)
			}
			_, _ = io.WriteString(w, "hi"[:h.Size])
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	outer := f.TempDir()
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir, err := os.MkdirTemp(outer, "x")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		inside, pkg := filepath.Join(dir, "inside"), filepath.Join(dir, "x.tar.gz")
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.NoCompression)
		_, _ = z.Write(raw)
		_ = z.Close()
		if err := os.Mkdir(inside, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(pkg, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := unpack(pkg, inside)
		if left, _ := os.ReadDir(dir); len(left) != 2 {
			t.Errorf("written outside: %v", left)
		}
		if err != nil {
			return
		}
		got, err := hashFolder("x", inside)
		if err == nil {
			err = compare("x", files, got, "-")
		}
		if err != nil {
			t.Error(err)
		}
	})
}
