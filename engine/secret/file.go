package secret

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// LoadOrGenerate reads the keyring from a file, in the form that ParseKeyring
// reads, and makes the file with one new key when it is not there. The file is
// readable by its owner only; one that others can read is refused. It is for
// the embedded store alone: nodes that share a database share AFARA_MASTER_KEY.
// Two processes that start at once get the same key.
func LoadOrGenerate(path string) (*Keyring, error) {
	k, err := load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := generate(path); err != nil {
		return nil, fmt.Errorf("make master key file: %w", err)
	}
	return load(path)
}

func load(path string) (*Keyring, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("master key file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("master key file %s has mode %04o: others can read it: chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("master key file: %w", err)
	}
	k, err := ParseKeyring(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("master key file %s: %w", path, err)
	}
	return k, nil
}

// generate writes a whole file beside the path and links it into place: a
// reader never sees half a key, and whoever comes second keeps the first's.
func generate(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".master-key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := writeKey(tmp); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func writeKey(f *os.File) error {
	raw := make([]byte, KeySize)
	if _, err := rand.Read(raw); err != nil {
		return errors.Join(err, f.Close())
	}
	_, err := f.WriteString(base64.StdEncoding.EncodeToString(raw) + "\n")
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes the new name durable: values sealed under a key that a power
// cut took away would be lost.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
