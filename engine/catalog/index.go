package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/afara-dev/afara/schemas"
)

// indexSchema is the version of index.json's own form.
const indexSchema = 1

// Index lists a package's files, but for itself and its signature.
type Index struct {
	Schema  int    `json:"schema"`
	Name    string `json:"name"`
	Version string `json:"version"`
	Files   []File `json:"files"` // by path
}

// File is one file of a package.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // hex
	Size   int64  `json:"size"`
}

// ParseIndex takes an index as pack writes it, and nothing else.
func ParseIndex(raw []byte) (*Index, error) {
	i := new(Index)
	if err := decode(raw, i); err != nil {
		return nil, err
	}
	if i.Schema != indexSchema {
		return nil, fmt.Errorf("schema: %d is not known, this build reads %d", i.Schema, indexSchema)
	}
	if err := checkName(i.Name, i.Version); err != nil {
		return nil, err
	}
	if reserved := slices.ContainsFunc(i.Files, func(f File) bool { return f.Path == indexFile || f.Path == signatureFile }); reserved {
		return nil, fmt.Errorf("files: lists %s or %s", indexFile, signatureFile)
	}
	return i, checkFiles(i.Files)
}

// checkFiles holds a list of files to the limits of a package.
func checkFiles(files []File) error {
	if len(files) == 0 || len(files) > MaxFiles {
		return fmt.Errorf("files: %d of them, between 1 and %d may be", len(files), MaxFiles)
	}
	seen, total := paths{}, int64(0)
	for n, f := range files {
		if n > 0 && files[n-1].Path >= f.Path {
			return fmt.Errorf("files: %q is out of order", f.Path)
		}
		if err := f.check(); err != nil {
			return fmt.Errorf("files: %w", err)
		}
		if other, ok := seen.add(f.Path); !ok {
			return fmt.Errorf("files: %q and %q are one place on some systems", f.Path, other)
		}
		if total += f.Size; total > MaxPackageBytes {
			return fmt.Errorf("files: more than %d bytes together", MaxPackageBytes)
		}
	}
	return nil
}

func (f File) check() error {
	if err := checkPath(f.Path); err != nil {
		return err
	}
	if d, err := schemas.ParseDigest(f.SHA256); err != nil || d.String() != f.SHA256 {
		return fmt.Errorf("%s: sha256 is not 64 small hex digits", f.Path)
	}
	if f.Size < 0 || f.Size > MaxFileBytes {
		return fmt.Errorf("%s: size %d is not between 0 and %d", f.Path, f.Size, MaxFileBytes)
	}
	return nil
}

// checkName wants what a manifest may have as name and version.
func checkName(name, version string) error {
	if !nameForm.MatchString(name) || len(name) > maxName {
		return errors.New("name: small letters and digits, beginning with a letter, at most 40")
	}
	if _, err := parseVersion(version); err != nil {
		return fmt.Errorf("version: %w", err)
	}
	return nil
}

func byPath(a, b File) int { return strings.Compare(a.Path, b.Path) }

// compare answers the first difference between what should be and what is,
// both by path.
func compare(connector string, want, got []File, fix string) error {
	w, g := map[string]File{}, map[string]File{}
	for _, f := range got {
		g[f.Path] = f
	}
	for _, f := range want {
		w[f.Path] = f
		is, ok := g[f.Path]
		switch {
		case !ok:
			return refuse(connector, RuleMissing, fix, "%s is not there", f.Path)
		case is != f:
			return refuse(connector, RuleDigest, fix, "%s has SHA-256 %s and %d bytes, listed are %s and %d", f.Path, short(is.SHA256), is.Size, short(f.SHA256), f.Size)
		}
	}
	for _, f := range got {
		if _, ok := w[f.Path]; !ok {
			return refuse(connector, RuleExtra, fix, "%s is not listed", f.Path)
		}
	}
	return nil
}

func short(digest string) string { return digest[:min(12, len(digest))] }
