package catalog

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Limits of a package.
const (
	MaxFiles        = 1024
	MaxFileBytes    = 256 << 20
	MaxPackageBytes = 1 << 30
	maxPath         = 200
	maxDepth        = 8
	// maxText bounds each of the small JSON and key files.
	maxText = 1 << 20
)

// Files of a package that are not in its index.
const (
	indexFile     = "index.json"
	signatureFile = "index.sig"
	manifestFile  = "manifest.json"
)

// part is one step of a path: letters that every file system can hold and no
// two spell alike, and no leading dot.
var part = regexp.MustCompile(`^[0-9A-Za-z_][0-9A-Za-z._+-]*$`)

const pathFix = "name files with letters, digits and . _ + - only, relative to the package: afara connector pack does"

// checkPath wants one plain relative path, slashes between its parts.
func checkPath(p string) error {
	if len(p) > maxPath {
		return fmt.Errorf("a path of %d characters, more than %d", len(p), maxPath)
	}
	parts := strings.Split(p, "/")
	if len(parts) > maxDepth {
		return fmt.Errorf("%q is more than %d folders deep", p, maxDepth-1)
	}
	for _, s := range parts {
		if !part.MatchString(s) {
			return fmt.Errorf("%q is not a plain relative path", p)
		}
	}
	return nil
}

// paths finds names that would meet in one place, also where a file system
// does not tell capitals from small letters.
type paths map[string]kind

type kind struct {
	path   string
	folder bool
}

// add answers the earlier path that p collides with.
func (s paths) add(p string) (other string, ok bool) {
	if at, taken := s[strings.ToLower(p)]; taken {
		return at.path, false
	}
	s[strings.ToLower(p)] = kind{path: p}
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		at, taken := s[strings.ToLower(dir)]
		if taken && (!at.folder || at.path != dir) {
			return at.path, false
		}
		s[strings.ToLower(dir)] = kind{path: dir, folder: true}
	}
	return "", true
}
