package main

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// keptSecret reads what a stand-in makes its keys of, or makes it up: a restarted
// sandbox accepts the same connections.
func keptSecret(path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err == nil && len(raw) > 0 {
		return raw, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	raw = []byte(rand.Text())
	return raw, os.WriteFile(path, raw, 0o600)
}
