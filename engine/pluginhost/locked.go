package pluginhost

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/catalog"
)

// folder is one directory of connectors. Where there is a lock, what it does not
// name, and what is not as it says, is there with a fault.
type folder struct {
	dir   string
	lock  *catalog.Lock // nil: none, or none that can be read
	names []string      // of what lies there without being locked
	// free: there is no lock, and whatever a build has put there runs.
	free bool
	// refuses is why nothing runs: the lock cannot be read, or is missing and
	// insisted on.
	refuses error
}

func (c *Config) openFolder(dir string) (*folder, error) {
	f := &folder{dir: dir}
	f.lock, f.refuses = catalog.ReadLock(dir)
	if errors.Is(f.refuses, fs.ErrNotExist) {
		f.free, f.refuses = true, nil
		if c.Locked {
			f.refuses = fmt.Errorf("%s has no %s, and this node runs locked connectors only (AFARA_CONNECTORS_LOCKED); install the connectors from their packages with afara connector install", dir, catalog.LockFile)
		}
	}
	var err error
	f.names, err = catalog.Unlocked(dir, f.lock)
	return f, err
}

// present lists the connectors with the version of each that the folder would run.
func (f *folder) present(pins map[string]string) []*entry {
	var found []*entry
	for _, name := range f.names {
		found = append(found, f.unlocked(name, pins[name]))
	}
	if f.lock == nil {
		return found
	}
	for _, c := range f.lock.Connectors {
		if c.Active != "" {
			found = append(found, readLocked(f.dir, c, c.Active, pins[c.Name]))
		}
	}
	return found
}

// versions are all of one connector, the present one first.
func (f *folder) versions(name, pin string) []*entry {
	if slices.Contains(f.names, name) {
		return []*entry{f.unlocked(name, pin)}
	}
	if f.lock == nil {
		return nil
	}
	c, ok := f.lock.Connector(name)
	if !ok {
		return nil
	}
	found := []*entry{readLocked(f.dir, c, c.Active, pin)}
	for _, v := range c.Versions {
		if v.Version != c.Active {
			found = append(found, readLocked(f.dir, c, v.Version, pin))
		}
	}
	return found
}

// unlocked takes what a build has put there, if there is no lock. What a package
// has put there does not run without its lock.
func (f *folder) unlocked(name, pin string) *entry {
	path := filepath.Join(f.dir, name)
	if f.free && f.refuses == nil && catalog.Built(path) {
		return readEntry(path, name, pin)
	}
	why := f.refuses
	if why == nil || !f.free { // a lock that cannot be read lets nothing run
		why = errors.Join(why, catalog.NotLocked(f.dir, name))
	}
	return &entry{name: name, executable: filepath.Join(path, name), locked: true, fault: why.Error()}
}

func readLocked(dir string, c catalog.Locked, version, pin string) *entry {
	e := &entry{name: c.Name, executable: catalog.Program(dir, c.Name, version), locked: true}
	if err := e.readLocked(dir, c, version, pin); err != nil {
		e.fault = err.Error()
	}
	return e
}

func (e *entry) readLocked(dir string, c catalog.Locked, version, pin string) error {
	manifest, digest, err := c.ReadLocked(dir, version)
	if err != nil {
		return err
	}
	if err := e.takeManifest(manifest); err != nil {
		return err
	}
	err = e.readExecutable(digest.String())
	e.digest = digest
	if err == nil && pin != "" && !strings.EqualFold(pin, digest.String()) {
		err = fmt.Errorf("%w: the lock has SHA-256 %s, pinned is %s; install the pinned version or pin this one", errDigest, digest, pin)
	}
	return err
}
