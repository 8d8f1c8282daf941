package pluginhost

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// place is a cgroup of version 2 as this process sees it.
type place struct {
	mount string // where the file system is
	path  string // below it
	pid   int    // the engine's
}

func (p place) dir() string { return filepath.Join(p.mount, p.path) }

var errNoCgroup2 = errors.New("cgroup v2 is not mounted")

// ownPlace is the engine's own cgroup.
func ownPlace() (place, error) {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return place{}, errNoCgroup2
	}
	mount, root, ok := cgroup2Mount(string(raw))
	if !ok {
		return place{}, errNoCgroup2
	}
	at, err := cgroupOf("self")
	if err != nil {
		return place{}, err
	}
	// Without a namespace the mount shows a part of the tree, and the path is
	// that of the whole.
	path, err := filepath.Rel(root, at)
	if err != nil || path == ".." || strings.HasPrefix(path, "../") {
		return place{}, fmt.Errorf("the engine's cgroup %s is outside of what is mounted at %s", at, mount)
	}
	return place{mount: mount, path: filepath.Join("/", path), pid: os.Getpid()}, nil
}

// CgroupLimits reports what a machine has for limiting connectors as a whole:
// nil when the kernel hands out memory and processes to whoever gets a cgroup of
// his own.
func CgroupLimits() error {
	own, err := ownPlace()
	if err != nil {
		return err
	}
	has := readWords(filepath.Join(own.mount, "cgroup.controllers"))
	for _, c := range []string{"memory", "pids"} {
		if !slices.Contains(has, c) {
			return fmt.Errorf("cgroup v2 at %s has no controller %s (a machine of cgroup v1)", own.mount, c)
		}
	}
	return nil
}

// cgroup2Mount finds the file system in /proc/self/mountinfo: its mount point
// and which part of the tree is to be seen there.
func cgroup2Mount(mountinfo string) (mount, root string, ok bool) {
	for line := range strings.Lines(mountinfo) {
		fields := strings.Fields(line)
		sep := slices.Index(fields, "-")
		if sep >= 5 && sep+1 < len(fields) && fields[sep+1] == "cgroup2" {
			return fields[4], fields[3], true
		}
	}
	return "", "", false
}

// cgroupOf is the path of a process's cgroup of version 2.
func cgroupOf(process string) (string, error) {
	raw, err := os.ReadFile("/proc/" + process + "/cgroup")
	if err != nil {
		return "", fmt.Errorf("cgroup of %s: %w", process, err)
	}
	for line := range strings.Lines(string(raw)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return path, nil
		}
	}
	return "", errNoCgroup2
}

// prepare answers where cgroups of connectors can be made, handing memory and
// pids on to them, which may need the engine to move into a leaf.
func (p place) prepare() (base string, err error) {
	if filepath.Base(p.path) == engineLeaf { // it has moved before, or was started there
		p.path = filepath.Dir(p.path)
	}
	dir := p.dir()
	want, err := p.missing()
	if err != nil {
		return "", err
	}
	if want == "" {
		return dir, nil
	}
	if err := p.allowed(); err != nil {
		return "", err
	}
	control := filepath.Join(dir, "cgroup.subtree_control")
	if err := os.WriteFile(control, []byte(want), 0o600); err == nil {
		return dir, nil // the root of all, or nobody is in it
	}
	if err := p.moveToLeaf(); err != nil {
		return "", err
	}
	if err := os.WriteFile(control, []byte(want), 0o600); err != nil {
		return "", fmt.Errorf("controllers of %s cannot be handed on: %w", p.path, err)
	}
	return dir, nil
}

// missing is what is to be written to hand the controllers on.
func (p place) missing() (string, error) {
	has, given := readWords(filepath.Join(p.dir(), "cgroup.controllers")), readWords(filepath.Join(p.dir(), "cgroup.subtree_control"))
	var want []string
	found := false
	for _, c := range []string{"memory", "pids"} {
		if !slices.Contains(has, c) {
			continue
		}
		found = true
		if !slices.Contains(given, c) {
			want = append(want, "+"+c)
		}
	}
	if !found {
		return "", fmt.Errorf("cgroup v2 has neither memory nor pids at %s (a machine of cgroup v1, or not delegated)", p.path)
	}
	if err := unix.Access(p.dir(), unix.W_OK); err != nil {
		return "", fmt.Errorf("%s is not for this user to write (systemd: Delegate=yes): %w", p.dir(), err)
	}
	return strings.Join(want, " "), nil
}

// allowed refuses a cgroup of a machine's manager that root could write to and
// that nobody has handed to the engine. What a container sees as its root is
// its own.
func (p place) allowed() error {
	if os.Geteuid() != 0 || p.path == "/" {
		return nil
	}
	for _, name := range []string{"trusted.delegate", "user.delegate"} {
		var value [8]byte
		if n, err := unix.Getxattr(p.dir(), name, value[:]); err == nil && string(value[:n]) == "1" {
			return nil
		}
	}
	return fmt.Errorf("%s was not delegated to the engine (systemd: Delegate=yes)", p.path)
}

// moveToLeaf moves the engine one down. With others beside it that is no help.
func (p place) moveToLeaf() error {
	for _, pid := range readWords(filepath.Join(p.dir(), "cgroup.procs")) {
		if pid != strconv.Itoa(p.pid) {
			return fmt.Errorf("other processes share the engine's cgroup %s; start it in one of its own (systemd: Delegate=yes)", p.path)
		}
	}
	leaf := filepath.Join(p.dir(), engineLeaf)
	if err := os.Mkdir(leaf, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("make a cgroup for the engine: %w", err)
	}
	if err := os.WriteFile(filepath.Join(leaf, "cgroup.procs"), []byte(strconv.Itoa(p.pid)), 0o600); err != nil {
		return fmt.Errorf("move the engine into %s: %w", leaf, err)
	}
	return nil
}
