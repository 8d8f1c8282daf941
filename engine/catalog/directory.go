package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// tempPrefix begins the names of what a change has not finished, or a crash has
// left; nothing reads it, and the next change removes it.
const tempPrefix = ".installing-"

// Folder is where a version of a connector is installed.
func Folder(dir, name, version string) string { return filepath.Join(dir, name, version) }

// Program is the path of a version's program for this machine.
func Program(dir, name, version string) string {
	return filepath.Join(Folder(dir, name, version), filepath.FromSlash(programPath(name, Platform())))
}

// change runs do alone among all that change the directory, with its lock as it
// is, an empty one when there is none.
func change(dir string, do func(l *Lock) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("directory of connectors: %w: make it, for its owner alone to write", err)
	}
	defer d.Close() // gives the flock back
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return refuse(dir, RuleBusy, "wait for the other command to end", "another command is changing it (%v)", err)
	}
	if err := sweep(dir); err != nil {
		return err
	}
	l, err := ReadLock(dir)
	if errors.Is(err, fs.ErrNotExist) {
		l, err = &Lock{Schema: lockSchema, Connectors: []Locked{}}, firstLock(dir)
	}
	if err != nil {
		return err
	}
	return do(l)
}

// firstLock refuses to shut out connectors that run today.
func firstLock(dir string) error {
	names, err := Unlocked(dir, nil)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !Built(filepath.Join(dir, name)) })
	if len(names) == 0 {
		return nil
	}
	return refuse(strings.Join(names, ", "), RuleUnlocked, "install into another directory, with packages of these too, and give that one to the engine",
		"lies in %s without a lock, and with one it would no longer run", dir)
}

func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, tempPrefix+"*"))
	for _, path := range left {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// Unlocked lists the folders of a directory that hold a connector which its
// lock, nil for none, does not name.
func Unlocked(dir string, l *Lock) ([]string, error) {
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range found {
		if l != nil {
			if _, ok := l.Connector(f.Name()); ok {
				continue
			}
		}
		if folder := filepath.Join(dir, f.Name()); !strings.HasPrefix(f.Name(), ".") && (Built(folder) || versioned(folder)) {
			names = append(names, f.Name())
		}
	}
	return names, nil
}

// Built is true of a folder NAME with manifest.json, or with a program NAME whose
// manifest is then missed aloud: a build lays them out so, a package does not.
func Built(folder string) bool {
	for _, name := range []string{manifestFile, filepath.Base(folder)} {
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil && info.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// versioned is true of NAME/VERSION/index.json, as Install lays them out.
func versioned(folder string) bool {
	found, err := filepath.Glob(filepath.Join(folder, "*", indexFile))
	return err == nil && len(found) > 0
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
