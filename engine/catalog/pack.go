package catalog

import (
	"archive/tar"
	"compress/gzip"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Packed says what was packed or signed.
type Packed struct {
	Name, Version string
	Signer        *Signer
	Path          string
}

// Pack makes an unsigned archive of a folder with manifest.json and programs in
// bin/OS_ARCH/NAME. The same folder gives the same bytes. An empty out is
// NAME-VERSION.tar.gz here.
func Pack(folder, out string) (Packed, error) {
	return rebuild(folder, filepath.Dir(out), func(tmp string, files []File) (Packed, error) {
		index, err := newIndex(filepath.Base(folder), tmp, files)
		if err != nil {
			return Packed{}, err
		}
		if out == "" {
			out = index.Name + "-" + index.Version + ".tar.gz"
		}
		return finish(tmp, out, index, nil)
	})
}

// Sign puts the key's signature into a package, a folder or an archive, in
// place of the one it may have.
func Sign(pkg string, key ed25519.PrivateKey) (Packed, error) {
	return rebuild(pkg, filepath.Dir(pkg), func(tmp string, files []File) (Packed, error) {
		raw, err := textOf(filepath.Base(pkg), tmp, indexFile, files)
		if err != nil {
			return Packed{}, err
		}
		p, err := prove(filepath.Base(pkg), tmp, slices.DeleteFunc(files, func(f File) bool { return f.Path == signatureFile }))
		if err != nil {
			return Packed{}, err
		}
		sig, err := signIndex(raw, key)
		if err != nil {
			return Packed{}, err
		}
		if info, err := os.Stat(pkg); err == nil && info.IsDir() {
			return packed(pkg, p.index, key), replace(filepath.Join(pkg, signatureFile), sig)
		}
		if err := errors.Join(removeIfThere(filepath.Join(tmp, signatureFile)), os.WriteFile(filepath.Join(tmp, signatureFile), sig, 0o600)); err != nil {
			return Packed{}, err
		}
		return finish(tmp, pkg, p.index, key)
	})
}

// rebuild gives do a private copy of a package.
func rebuild(pkg, near string, do func(tmp string, files []File) (Packed, error)) (Packed, error) {
	tmp, err := os.MkdirTemp(near, tempPrefix)
	if err != nil {
		return Packed{}, err
	}
	defer os.RemoveAll(tmp)
	files, err := unpack(pkg, tmp)
	if err != nil {
		return Packed{}, err
	}
	return do(tmp, files)
}

// newIndex lists the files of tmp in a new index there; one from before, and
// its signature, are no part of it.
func newIndex(label, tmp string, files []File) (*Index, error) {
	err := errors.Join(removeIfThere(filepath.Join(tmp, indexFile)), removeIfThere(filepath.Join(tmp, signatureFile)))
	if err != nil {
		return nil, err
	}
	raw, err := textOf(label, tmp, manifestFile, files)
	if err != nil {
		return nil, err
	}
	var m struct{ Name, Version string }
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, refuse(label, RuleManifest, "write it as schemas/v1/manifest.json says", "%s: %v", manifestFile, err)
	}
	if err := checkName(m.Name, m.Version); err != nil {
		return nil, refuse(label, RuleManifest, "write it as schemas/v1/manifest.json says", "%s: %v", manifestFile, err)
	}
	if err := checkManifest(raw, m.Name, m.Version); err != nil {
		return nil, err
	}
	index := &Index{Schema: indexSchema, Name: m.Name, Version: m.Version, Files: unlisted(files)}
	if !slices.ContainsFunc(index.Files, func(f File) bool { return isProgram(f.Path, m.Name) }) {
		return nil, refuse(m.Name, RulePlatform, "put programs there, such as "+programPath(m.Name, Platform()), "no bin/OS_ARCH/%s in it", m.Name)
	}
	text, err := encode(index)
	if err != nil {
		return nil, err
	}
	return index, os.WriteFile(filepath.Join(tmp, indexFile), text, 0o600)
}

func isProgram(path, name string) bool {
	parts := strings.Split(path, "/")
	return len(parts) == 3 && parts[0] == "bin" && parts[2] == name && strings.Contains(parts[1], "_")
}

func packed(path string, index *Index, key ed25519.PrivateKey) Packed {
	p := Packed{Name: index.Name, Version: index.Version, Path: path}
	if key != nil {
		p.Signer = newSigner(key.Public().(ed25519.PublicKey))
	}
	return p
}

// finish writes the archive of tmp and gives it its name when it is whole.
func finish(tmp, out string, index *Index, key ed25519.PrivateKey) (Packed, error) {
	names := []string{indexFile}
	if key != nil {
		names = append(names, signatureFile)
	}
	for _, f := range index.Files {
		names = append(names, f.Path)
	}
	next, err := os.CreateTemp(filepath.Dir(out), tempPrefix)
	if err != nil {
		return Packed{}, err
	}
	defer os.Remove(next.Name()) // gone already once it has its name
	err = errors.Join(writeArchive(next, tmp, names, index.Name), next.Chmod(0o644), next.Sync(), next.Close())
	if err == nil {
		err = os.Rename(next.Name(), out)
	}
	return packed(out, index, key), err
}

func writeArchive(w io.Writer, dir string, names []string, name string) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	for _, path := range names {
		if err := writeEntry(t, dir, path, name); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}

func writeEntry(t *tar.Writer, dir, path, name string) error {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	mode := int64(0o644)
	if isProgram(path, name) {
		mode = 0o755
	}
	if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: path, Size: info.Size(), Mode: mode, Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}
