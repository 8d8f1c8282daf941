package pluginhost

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/afara-dev/afara/schemas"
)

const (
	manifestFile = "manifest.json"
	maxManifest  = 1 << 20
)

// entry is one version of a connector as it was read. It does not change.
type entry struct {
	name       string
	executable string // as found; what runs is a private copy of it
	digest     schemas.Digest
	locked     bool // the digest is that of the folder's lock
	declared   any  // manifest.json, decoded, to compare with Describe
	manifest   *schemas.Manifest
	operations map[string]*operation
	// fault says why the connector cannot be used; empty when it can.
	fault string
}

// readCatalog finds the connectors. A broken one becomes an entry with a
// fault, so that it stops nobody else and an operator sees why.
func readCatalog(cfg Config) (map[string]*entry, error) {
	entries := map[string]*entry{}
	for _, dir := range cfg.Dirs {
		f, err := cfg.openFolder(dir)
		if err != nil {
			return nil, fmt.Errorf("pluginhost: Dirs: %w; name folders that exist", err)
		}
		for _, e := range f.present(cfg.Pins) {
			if other, ok := entries[e.name]; ok {
				return nil, fmt.Errorf("pluginhost: Dirs: connector %s is in %s and in %s; remove one", e.name, filepath.Dir(other.executable), filepath.Dir(e.executable))
			}
			entries[e.name] = e
		}
	}
	for name := range cfg.Pins {
		if entries[name] == nil {
			return nil, fmt.Errorf("pluginhost: Pins: no connector %s in %s; remove the pin or install it", name, strings.Join(cfg.Dirs, ", "))
		}
	}
	return entries, nil
}

func readEntry(folder, name, pin string) *entry {
	e := &entry{name: name, executable: filepath.Join(folder, name)}
	if err := e.read(folder, pin); err != nil {
		e.fault = err.Error()
	}
	return e
}

func (e *entry) read(folder, pin string) error {
	if err := e.readManifest(filepath.Join(folder, manifestFile)); err != nil {
		return err
	}
	return e.readExecutable(pin)
}

func (e *entry) readManifest(path string) error {
	raw, err := readBounded(path, maxManifest)
	if err != nil {
		return fmt.Errorf("%s: %w", manifestFile, err)
	}
	return e.takeManifest(raw)
}

func (e *entry) takeManifest(raw []byte) error {
	m, err := schemas.ParseManifest(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", manifestFile, err)
	}
	if m.Name != e.name {
		return fmt.Errorf("%s: name is %q, the folder is %q; make them equal", manifestFile, m.Name, e.name)
	}
	if e.declared, err = decodeTree(raw); err != nil {
		return fmt.Errorf("%s: %w", manifestFile, err)
	}
	if e.operations, err = compileOperations(m); err != nil {
		return fmt.Errorf("%s: %w", manifestFile, err)
	}
	e.manifest = m
	return nil
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("longer than %d bytes; shorten it", limit)
	}
	return raw, err
}

// readExecutable pins what it finds, or checks it against the given pin.
func (e *entry) readExecutable(pin string) error {
	f, err := os.Open(e.executable)
	if err != nil {
		return fmt.Errorf("executable: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("executable: %w", err)
	}
	if err := refuseScript(f, info); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fmt.Errorf("executable: %w", err)
	}
	e.digest = schemas.Digest(sum.Sum(nil))
	if pin != "" && !strings.EqualFold(pin, e.digest.String()) {
		return e.digestFault(e.digest, pin, "install the pinned version or pin this one")
	}
	return nil
}

// digestFault says that the program is not the one that may run. What a lock
// pins, nothing but its package brings back.
func (e *entry) digestFault(found schemas.Digest, pinned, fix string) error {
	if e.locked {
		return fmt.Errorf("connector %s: %w: its SHA-256 is %s, locked is %s; install its package again (afara connector verify lists what differs)", e.name, errDigest, found, pinned)
	}
	return fmt.Errorf("%w: its SHA-256 is %s, pinned is %s; %s", errDigest, found, pinned, fix)
}

// errDigest is wrapped by everything that refuses an executable whose bytes
// are not the pinned ones.
var errDigest = errors.New("checksum mismatch")

// refuseScript wants a program by itself: with a script, the digest would
// cover the script and not the interpreter that does the work.
func refuseScript(f io.ReaderAt, info fs.FileInfo) error {
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return errors.New("executable: not an executable file; chmod +x it")
	}
	var magic [2]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil {
		return fmt.Errorf("executable: %w", err)
	}
	if string(magic[:]) == "#!" {
		return errors.New("executable: a script, whose interpreter no checksum covers; install a binary")
	}
	return nil
}

// sameManifest compares by meaning what the process says with manifest.json.
func (e *entry) sameManifest(described []byte) error {
	tree, err := decodeTree(described)
	if err != nil {
		return fmt.Errorf("describe: the manifest is not JSON: %w", err)
	}
	if !reflect.DeepEqual(tree, e.declared) {
		return fmt.Errorf("describe: the process describes %s, which is not what %s says; install both from one build",
			identity(tree), manifestFile)
	}
	return nil
}

// identity is enough of a foreign manifest to see which one it is.
func identity(tree any) string {
	m, _ := tree.(map[string]any)
	name, _ := m["name"].(string)
	version, _ := m["version"].(string)
	return fmt.Sprintf("%.40q version %.40q", name, version)
}
