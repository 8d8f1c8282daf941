package pluginhost

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// maxKept bounds the versions of one connector that are kept beside those in the
// folders: two kinds of environments may each have an active one and one to go
// back to.
const maxKept = 6

// shelf holds the versions of connectors that this node can run: what the folders
// had when the host began, what they have now, and what lay there meanwhile.
type shelf struct {
	cfg         *Config
	executables *executables
	first       map[string]*entry // by name, as New found them

	mu   sync.Mutex
	kept map[string][]*entry // by name, the latest used last
}

// find answers the version that has that release, from memory or else from the
// folders as they are now. The error wraps errNotHere when there is none.
func (s *shelf) find(name string, r Release) (*entry, error) {
	if e := s.known(name, r); e != nil {
		return e, nil
	}
	here, err := s.look(name)
	if err != nil {
		return nil, err
	}
	for _, fits := range []func(*entry) bool{
		func(e *entry) bool { return e.is(r) },
		func(e *entry) bool { return e.passesFor(r) },
	} {
		if i := slices.IndexFunc(here, fits); i >= 0 {
			return s.take(here[i])
		}
	}
	return nil, notHere(r, here)
}

// known finds a release in memory and makes it the latest used.
func (s *shelf) known(name string, r Release) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.first[name]; e != nil && e.is(r) {
		return e
	}
	kept := s.kept[name]
	i := slices.IndexFunc(kept, func(e *entry) bool { return e.is(r) })
	if i < 0 {
		return nil
	}
	e := kept[i]
	s.kept[name] = append(slices.Delete(kept, i, i+1), e)
	return e
}

// take answers a version that was read as the one that is known already, or keeps
// it: a version is one entry for as long as it is known.
func (s *shelf) take(e *entry) (*entry, error) {
	if known := s.known(e.name, e.release()); known != nil {
		return known, nil
	}
	return e, s.keep(e)
}

// keep remembers a version with a private copy of its program, which stays when
// the folder changes.
func (s *shelf) keep(e *entry) error {
	if _, err := s.executables.place(e); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := append(s.kept[e.name], e)
	if len(kept) > maxKept {
		// A program that still runs needs its file no more.
		_ = os.RemoveAll(filepath.Dir(s.executables.path(kept[0])))
		kept = slices.Delete(kept, 0, 1)
	}
	s.kept[e.name] = kept
	return nil
}

// look reads what the folders have of one connector now: the version that is the
// present one there comes first. An empty answer is none at all.
func (s *shelf) look(name string) ([]*entry, error) {
	var found []*entry
	for _, dir := range s.cfg.Dirs {
		f, err := s.cfg.openFolder(dir)
		if err != nil {
			return nil, err
		}
		here := f.versions(name, s.cfg.Pins[name])
		if len(found) > 0 && len(here) > 0 {
			return nil, fmt.Errorf("connector %s is in %s and in %s; remove one", name, filepath.Dir(found[0].executable), filepath.Dir(here[0].executable))
		}
		found = append(found, here...)
	}
	return found, nil
}

// present answers the version that the folders would run now.
func (s *shelf) present(name string) (*entry, error) {
	here, err := s.look(name)
	if err != nil {
		return nil, err
	}
	if len(here) == 0 {
		return nil, s.missing(name)
	}
	e := here[0]
	if e.fault != "" {
		return nil, errors.New(e.fault)
	}
	return s.take(e)
}

func (s *shelf) missing(name string) error {
	return fmt.Errorf("connector %q is not installed in %s", name, strings.Join(s.cfg.Dirs, ", "))
}

// begin answers what runs without anybody's word.
func (s *shelf) begin(name string) *entry {
	if e := s.first[name]; e != nil {
		return e
	}
	return &entry{name: name, fault: s.missing(name).Error()}
}
