package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// KeyFile keeps provisioned businesses with their keys in one file, so that a
// restarted stand-in still accepts the connections made before.
type KeyFile struct {
	path string
	held []*taxpayer
	mu   sync.Mutex // one writer at a time
}

// kept is a business as the file holds it.
type kept struct {
	Business
	Private string `json:"privateKey"`
}

// OpenKeyFile reads the file at path; one that is not there is made at the
// first provisioning, with mode 0600.
func OpenKeyFile(path string) (*KeyFile, error) {
	f := &KeyFile{path: path}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	var list []kept
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("open key file %s: %w", path, err)
	}
	for _, k := range list {
		t, err := k.restore()
		if err != nil {
			return nil, fmt.Errorf("open key file %s: business %s: %w", path, k.BusinessID, err)
		}
		f.held = append(f.held, t)
	}
	return f, nil
}

func (k *kept) restore() (*taxpayer, error) {
	private, err := parsePrivate(k.Private)
	if err != nil {
		return nil, err
	}
	k.Keys = CryptoKeys{PublicKey: k.PublicKey, Certificate: k.Certificate}
	return complete(k.Business, private)
}

func (f *KeyFile) businesses() []*taxpayer {
	if f == nil {
		return nil
	}
	return f.held
}

// save writes what list answers under the lock, so that of two savers the
// later one writes the newer state.
func (f *KeyFile) save(list func() []*taxpayer) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := []kept{}
	for _, t := range list() {
		all = append(all, kept{Business: t.Business, Private: encodePrivate(t.private)})
	}
	raw, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("save key file: %w", err)
	}
	return replace(f.path, raw)
}

// replace writes a file whole or not at all. os.CreateTemp makes it 0600.
func replace(path string, raw []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("save key file: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("save key file: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already after the rename
	_, err = tmp.Write(raw)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("save key file: %w", err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("save key file: %w", err)
	}
	return nil
}
