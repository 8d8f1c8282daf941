package catalog

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/afara-dev/afara/schemas"
)

// Platform is this machine's, as packages name it: linux_amd64.
func Platform() string { return runtime.GOOS + "_" + runtime.GOARCH }

func programPath(name, platform string) string { return "bin/" + platform + "/" + name }

// proved is a package in a private folder, with all that holds of it whoever
// asks: its files are those of the index, and the index is its signer's.
type proved struct {
	index  *Index
	signer *Signer // nil: unsigned
	files  []File  // all, by path
}

// prove proves what unpack has written into dir.
func prove(label, dir string, files []File) (*proved, error) {
	raw, err := textOf(label, dir, indexFile, files)
	if err != nil {
		return nil, err
	}
	index, err := ParseIndex(raw)
	if err != nil {
		return nil, refuse(label, RuleIndex, archiveFix, "%s: %v", indexFile, err)
	}
	p := &proved{index: index, files: files}
	if p.signer, err = signerOf(index.Name, dir, raw, files); err != nil {
		return nil, err
	}
	if err := compare(index.Name, index.Files, unlisted(files), "get the package from its author again"); err != nil {
		return nil, err
	}
	manifest, err := textOf(index.Name, dir, manifestFile, files)
	if err != nil {
		return nil, err
	}
	return p, checkManifest(manifest, index.Name, index.Version)
}

// unlisted are the files without those that an index cannot list.
func unlisted(files []File) []File {
	return slices.DeleteFunc(slices.Clone(files), func(f File) bool { return f.Path == indexFile || f.Path == signatureFile })
}

func has(files []File, path string) (File, bool) {
	i := slices.IndexFunc(files, func(f File) bool { return f.Path == path })
	if i < 0 {
		return File{}, false
	}
	return files[i], true
}

// textOf reads one of the small files, in the bytes that were hashed.
func textOf(label, dir, name string, files []File) ([]byte, error) {
	f, ok := has(files, name)
	if !ok {
		return nil, refuse(label, RuleMissing, archiveFix, "%s is not there", name)
	}
	raw, err := readBounded(filepath.Join(dir, name))
	if err != nil {
		return nil, refuse(label, RuleMissing, archiveFix, "%v", err)
	}
	if got := schemas.DigestOf(raw).String(); got != f.SHA256 {
		return nil, refuse(label, RuleDigest, fixAgain, "%s has SHA-256 %s, listed is %s", name, short(got), short(f.SHA256))
	}
	return raw, nil
}

// signerOf answers nil for a package without a signature.
func signerOf(name, dir string, index []byte, files []File) (*Signer, error) {
	if _, ok := has(files, signatureFile); !ok {
		return nil, nil
	}
	raw, err := textOf(name, dir, signatureFile, files)
	if err != nil {
		return nil, err
	}
	s, err := verifyIndex(index, raw)
	if err != nil {
		return nil, refuse(name, RuleSignature, "get the package from its author again", "%s: %v", signatureFile, err)
	}
	return s, nil
}

// checkManifest wants a manifest of that name and version for this build.
func checkManifest(raw []byte, name, version string) error {
	var m struct {
		Name, Version   string
		ProtocolVersion int
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return refuse(name, RuleManifest, "write it as schemas/v1/manifest.json says", "%s: %v", manifestFile, err)
	}
	if m.Name != name || m.Version != version {
		return refuse(name, RuleManifest, archiveFix, "%s is that of %.40q %.60q, the package is %s %s", manifestFile, m.Name, m.Version, name, version)
	}
	if m.ProtocolVersion != schemas.ManifestProtocol {
		return refuse(name, RuleProtocol, "get a package for this build, or the build that the package is for", "%s wants version %d, this build speaks %d", manifestFile, m.ProtocolVersion, schemas.ManifestProtocol)
	}
	// Its struct keeps the last of repeated keys; ParseManifest refuses them.
	if _, err := schemas.ParseManifest(raw); err != nil {
		return refuse(name, RuleManifest, "write it as schemas/v1/manifest.json says", "%s: %v", manifestFile, err)
	}
	return nil
}

// runsHere wants a program for this machine, and not a script.
func (p *proved) runsHere(dir string) error {
	program := programPath(p.index.Name, Platform())
	if _, ok := has(p.files, program); !ok {
		return refuse(p.index.Name, RulePlatform, "ask its author for a package with one", "no %s in it", program)
	}
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(program)))
	if err != nil {
		return err
	}
	defer f.Close()
	var magic [2]byte
	if _, err := io.ReadFull(f, magic[:]); err != nil || string(magic[:]) == "#!" {
		return refuse(p.index.Name, RulePlatform, "pack a binary", "%s is empty or a script, whose interpreter no digest covers", program)
	}
	return nil
}
