package catalog

import (
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
)

// User is one whose rights are looked at.
type User struct {
	Name   string
	UID    uint32
	Groups []uint32
}

// Root may write whatever the modes say.
func (u User) Root() bool { return u.UID == 0 }

// LookupUser finds a user by name or number; an empty name is the one that runs
// this process.
func LookupUser(name string) (User, error) {
	found, err := lookup(name)
	if err != nil {
		return User{}, fmt.Errorf("user: %w: give a name or a number of this system", err)
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	if err != nil {
		return User{}, fmt.Errorf("user: %s has no number: %w", name, err)
	}
	u := User{Name: found.Username, UID: uint32(uid)}
	groups, err := found.GroupIds()
	if err != nil {
		return User{}, fmt.Errorf("user: groups of %s: %w", found.Username, err)
	}
	for _, g := range groups {
		if gid, err := strconv.ParseUint(g, 10, 32); err == nil {
			u.Groups = append(u.Groups, uint32(gid))
		}
	}
	return u, nil
}

func lookup(name string) (*user.User, error) {
	if name == "" {
		return user.Current()
	}
	if _, err := strconv.ParseUint(name, 10, 32); err == nil {
		return user.LookupId(name)
	}
	return user.Lookup(name)
}

// Writable lists what of an installation a user could change: the directory,
// its lock, and the connectors with all that is in them. Who may write a folder
// may replace what is in it.
func Writable(dir string, u User) ([]string, error) {
	l, err := ReadLock(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	look := func(path string) error {
		info, err := os.Lstat(path)
		if err == nil && u.canWrite(info) {
			paths = append(paths, path)
		}
		return err
	}
	if err := look(dir); err != nil {
		return nil, err
	}
	if err := look(filepath.Join(dir, LockFile)); err != nil {
		return nil, err
	}
	for _, c := range l.Connectors {
		if c.Active == "" {
			continue
		}
		err := filepath.WalkDir(filepath.Join(dir, c.Name), func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return nil // Verify says what is not there
			}
			return look(path)
		})
		if err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// Self is the user as which this process acts, by number alone: a container may
// know no names.
func Self() (User, error) {
	u := User{UID: uint32(os.Geteuid()), Groups: []uint32{uint32(os.Getegid())}}
	groups, err := os.Getgroups()
	for _, g := range groups {
		u.Groups = append(u.Groups, uint32(g))
	}
	return u, err
}

// MayChange reports whether the user could write a file, or put another in its
// place: who may write one of the folders above it can.
func (u User) MayChange(path string) (bool, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return true, err
	}
	for {
		info, err := os.Stat(path)
		if err != nil || u.canWrite(info) {
			return true, err
		}
		if path == filepath.Dir(path) {
			return false, nil
		}
		path = filepath.Dir(path)
	}
}

// canWrite counts an owner whatever the mode: it could change that.
func (u User) canWrite(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return false // its folder counts
	case u.Root() || !ok || s.Uid == u.UID:
		return true
	case slices.Contains(u.Groups, s.Gid):
		return info.Mode().Perm()&0o020 != 0
	}
	return info.Mode().Perm()&0o002 != 0
}
