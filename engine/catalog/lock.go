package catalog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/failpoint"
)

// LockFile lies in a directory of connectors and says what is installed there.
const LockFile = "connectors.lock"

const (
	lockSchema    = 1
	maxConnectors = 100
	// maxVersions are the active one and the one to go back to.
	maxVersions = 2
)

// Lock is what LockFile says. The same content is the same bytes.
type Lock struct {
	Schema     int      `json:"schema"`
	Connectors []Locked `json:"connectors"` // by name
}

// Locked is one connector.
type Locked struct {
	Name string `json:"name"`
	// Signer is the one whose packages are taken; nil when it came unsigned. It
	// stays when the connector is removed.
	Signer   *Signer         `json:"signer"`
	Active   string          `json:"active"`   // version; empty: removed
	Versions []LockedVersion `json:"versions"` // by version
}

// LockedVersion is one installed version with all its files.
type LockedVersion struct {
	Version string  `json:"version"`
	Signer  *Signer `json:"signer"` // nil: unsigned
	Files   []File  `json:"files"`  // by path
}

// ParseLock takes a lock as this package writes it, and nothing else.
func ParseLock(raw []byte) (*Lock, error) {
	l := new(Lock)
	if err := decode(raw, l); err != nil {
		return nil, err
	}
	if l.Schema != lockSchema {
		return nil, fmt.Errorf("schema: %d is not known, this build reads %d: use the build that wrote it", l.Schema, lockSchema)
	}
	if l.Connectors == nil || len(l.Connectors) > maxConnectors {
		return nil, fmt.Errorf("connectors: a list of at most %d", maxConnectors)
	}
	for i := range l.Connectors {
		c := &l.Connectors[i]
		if i > 0 && l.Connectors[i-1].Name >= c.Name {
			return nil, fmt.Errorf("connectors: %q is out of order", c.Name)
		}
		if err := c.check(); err != nil {
			return nil, fmt.Errorf("connectors: %.50q: %w", c.Name, err)
		}
	}
	return l, nil
}

func (c *Locked) check() error {
	if !nameForm.MatchString(c.Name) || len(c.Name) > maxName {
		return errors.New("name: small letters and digits, beginning with a letter, at most 40")
	}
	if c.Signer != nil {
		if err := c.Signer.check(); err != nil {
			return fmt.Errorf("signer: %w", err)
		}
	}
	if c.Versions == nil || len(c.Versions) > maxVersions {
		return fmt.Errorf("versions: a list of at most %d", maxVersions)
	}
	for i := range c.Versions {
		if i > 0 && compareVersions(c.Versions[i-1].Version, c.Versions[i].Version) >= 0 {
			return fmt.Errorf("versions: %q is out of order", c.Versions[i].Version)
		}
		if err := c.Versions[i].check(c.Name); err != nil {
			return fmt.Errorf("versions: %.70q: %w", c.Versions[i].Version, err)
		}
	}
	if _, ok := c.version(c.Active); ok != (len(c.Versions) > 0) {
		return errors.New("active: one of versions, or empty without any")
	}
	return nil
}

func (v *LockedVersion) check(name string) error {
	if err := checkName(name, v.Version); err != nil {
		return err
	}
	if err := checkFiles(v.Files); err != nil {
		return err
	}
	want := []string{indexFile, manifestFile}
	if v.Signer != nil {
		want = append(want, signatureFile)
		if err := v.Signer.check(); err != nil {
			return fmt.Errorf("signer: %w", err)
		}
	}
	for _, path := range want {
		if _, ok := has(v.Files, path); !ok {
			return fmt.Errorf("files: no %s", path)
		}
	}
	return nil
}

func (c *Locked) version(version string) (*LockedVersion, bool) {
	for i := range c.Versions {
		if c.Versions[i].Version == version {
			return &c.Versions[i], true
		}
	}
	return nil, false
}

// ReadLock reads the lock of a directory; without one the error is
// fs.ErrNotExist's.
func ReadLock(dir string) (*Lock, error) {
	raw, err := readBounded(filepath.Join(dir, LockFile))
	if err != nil {
		return nil, err
	}
	l, err := ParseLock(raw)
	if err != nil {
		return nil, refuse(filepath.Join(dir, LockFile), RuleLock, "put the file back from a copy, or move it away and install the packages again", "%v", err)
	}
	return l, nil
}

// find answers what is known of a connector: a copy to change.
func (l *Lock) find(name string) Locked {
	for _, c := range l.Connectors {
		if c.Name == name {
			c.Versions = slices.Clone(c.Versions)
			return c
		}
	}
	return Locked{Name: name, Versions: []LockedVersion{}}
}

// Connector finds one that is installed.
func (l *Lock) Connector(name string) (Locked, bool) {
	c := l.find(name)
	return c, c.Active != ""
}

// with is the lock with c in the place of what it knew of that name.
func (l *Lock) with(c Locked) *Lock {
	slices.SortFunc(c.Versions, func(a, b LockedVersion) int { return compareVersions(a.Version, b.Version) })
	next := &Lock{Schema: lockSchema, Connectors: []Locked{c}}
	for _, other := range l.Connectors {
		if other.Name != c.Name {
			next.Connectors = append(next.Connectors, other)
		}
	}
	slices.SortFunc(next.Connectors, func(a, b Locked) int { return strings.Compare(a.Name, b.Name) })
	return next
}

// write gives the directory its new lock in one step. It refuses to write what
// ParseLock would not take.
func (l *Lock) write(dir string) error {
	raw, err := encode(l)
	if err == nil {
		_, err = ParseLock(raw)
	}
	if err != nil {
		return refuse(filepath.Join(dir, LockFile), RuleLock, "use a directory of its own for some of the connectors", "%v", err)
	}
	return replace(filepath.Join(dir, LockFile), raw)
}

// replace writes a file that is there whole or not at all.
func replace(path string, raw []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already once it has its name
	_, err = f.Write(raw)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	failpoint.Hit(failpoint.LockWritten)
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	failpoint.Hit(failpoint.LockReplaced)
	return syncPath(filepath.Dir(path))
}
