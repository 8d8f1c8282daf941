package catalog

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/failpoint"
)

// Installed says what is active now.
type Installed struct {
	Name, Version string
	Signer        *Signer
	// Previous is kept for Rollback; empty when there is none.
	Previous string
}

// Install installs a connector that the directory does not have yet. The same
// package again changes nothing, or mends a damaged folder.
func Install(dir, pkg string, p Policy) (Installed, error) {
	return place(dir, pkg, p, func(c Locked, version string) error {
		if c.Active != "" && c.Active != version {
			return refuse(c.Name, RuleInstalled, "use afara connector upgrade", "version %s is installed", c.Active)
		}
		return nil
	})
}

// Upgrade installs another version of a connector and makes it the active one.
func Upgrade(dir, pkg string, p Policy) (Installed, error) {
	return place(dir, pkg, p, func(c Locked, _ string) error {
		if c.Active == "" {
			return refuse(c.Name, RuleInstalled, "use afara connector install", "not installed in %s", dir)
		}
		return nil
	})
}

func place(dir, pkg string, p Policy, may func(c Locked, version string) error) (in Installed, err error) {
	trusted, err := p.keys()
	if err != nil {
		return in, err
	}
	err = change(dir, func(l *Lock) error {
		tmp, err := os.MkdirTemp(dir, tempPrefix) // mode 0700
		if err != nil {
			return err
		}
		defer os.RemoveAll(tmp)
		files, err := unpack(pkg, tmp)
		if err != nil {
			return err
		}
		failpoint.Hit(failpoint.ConnectorUnpacked)
		got, err := prove(filepath.Base(pkg), tmp, files)
		if err != nil {
			return err
		}
		c := l.find(got.index.Name)
		if err := got.runsHere(tmp); err != nil {
			return err
		}
		if err := may(c, got.index.Version); err != nil {
			return err
		}
		if err := p.admit(c, got, trusted); err != nil {
			return err
		}
		in, err = settle(dir, tmp, l, c, got)
		return err
	})
	return in, err
}

// settle gives the proved folder its place, then its entry in the lock. Until
// the second is done the first does not count.
func settle(dir, tmp string, l *Lock, c Locked, p *proved) (Installed, error) {
	v := LockedVersion{Version: p.index.Version, Signer: p.signer, Files: p.files}
	if err := putInPlace(dir, tmp, c, v); err != nil {
		return Installed{}, err
	}
	before := c
	c.Signer = p.signer
	c.Versions = slices.DeleteFunc(c.Versions, func(o LockedVersion) bool {
		return o.Version == v.Version || o.Version != before.Active && before.Active != v.Version
	})
	c.Versions = append(c.Versions, v)
	c.Active = v.Version
	if err := l.with(c).write(dir); err != nil {
		return Installed{}, err
	}
	return c.installed(), dropOthers(dir, c)
}

func (c *Locked) installed() Installed {
	in := Installed{Name: c.Name, Version: c.Active}
	for _, v := range c.Versions {
		if v.Version == c.Active {
			in.Signer = v.Signer
		} else {
			in.Previous = v.Version
		}
	}
	return in
}

// putInPlace leaves a folder alone that the lock names and that is whole: the
// engine may be reading it.
func putInPlace(dir, tmp string, c Locked, v LockedVersion) error {
	to := Folder(dir, c.Name, v.Version)
	if locked, ok := c.version(v.Version); ok && checkFolder(c.Name, to, locked.Files) == nil {
		return nil
	}
	if err := ready(tmp, c.Name, v.Files); err != nil {
		return err
	}
	failpoint.Hit(failpoint.ConnectorSynced)
	parent := filepath.Dir(to)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	// What is there is left of a crash, or damaged.
	if err := discard(dir, to); err != nil {
		return err
	}
	if err := os.Rename(tmp, to); err != nil {
		return err
	}
	if err := errors.Join(syncPath(parent), syncPath(dir)); err != nil {
		return err
	}
	failpoint.Hit(failpoint.ConnectorPlaced)
	return nil
}

// ready gives the files the modes they will have, nobody's to write, and sends
// all of it to the disk.
func ready(tmp, name string, files []File) error {
	for _, f := range files {
		path := filepath.Join(tmp, filepath.FromSlash(f.Path))
		mode := fs.FileMode(0o444)
		if isProgram(f.Path, name) {
			mode = 0o555
		}
		if err := errors.Join(os.Chmod(path, mode), syncPath(path)); err != nil {
			return err
		}
	}
	return filepath.WalkDir(tmp, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return errors.Join(os.Chmod(path, 0o755), syncPath(path))
	})
}

// discard takes a folder away under a name that nothing reads before it is
// removed file by file.
func discard(dir, folder string) error {
	if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	bin, err := os.MkdirTemp(dir, tempPrefix)
	if err != nil {
		return err
	}
	return errors.Join(os.Rename(folder, filepath.Join(bin, "x")), os.RemoveAll(bin))
}

// dropOthers removes the versions that the lock no longer names.
func dropOthers(dir string, c Locked) error {
	parent := filepath.Join(dir, c.Name)
	found, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, f := range found {
		if _, ok := c.version(f.Name()); ok || !versionForm.MatchString(f.Name()) {
			continue
		}
		err = errors.Join(err, discard(dir, filepath.Join(parent, f.Name())))
	}
	if c.Active == "" {
		_ = os.Remove(parent) // stays while something of somebody else is in it
	}
	return err
}

// Rollback makes the other version that is kept the active one, if it is whole.
func Rollback(dir, name string) (in Installed, err error) {
	err = change(dir, func(l *Lock) error {
		c, ok := l.Connector(name)
		if !ok || len(c.Versions) < maxVersions {
			return refuse(name, RuleInstalled, "install the version you want with --allow-downgrade", "no earlier version is kept in %s", dir)
		}
		i := slices.IndexFunc(c.Versions, func(v LockedVersion) bool { return v.Version != c.Active })
		back := c.Versions[i]
		if err := checkVersion(dir, name, back); err != nil {
			return err
		}
		c.Active, c.Signer = back.Version, back.Signer
		in = c.installed()
		return l.with(c).write(dir)
	})
	return in, err
}

// Remove takes a connector away, all its versions. The pin of its signer stays.
func Remove(dir, name string) error {
	return change(dir, func(l *Lock) error {
		c, ok := l.Connector(name)
		if !ok {
			return refuse(name, RuleInstalled, "see afara connector list", "not installed in %s", dir)
		}
		c.Active, c.Versions = "", []LockedVersion{}
		if err := l.with(c).write(dir); err != nil {
			return err
		}
		return dropOthers(dir, c)
	})
}

func equalFold(a, b string) bool { return a != b && strings.EqualFold(a, b) }
