// Package scaffold owns how a new connector begins: the folder of a repository
// that builds, passes its tests and conforms before its author has changed a
// line.
package scaffold

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Language is what the connector is written in.
type Language string

// The languages.
const (
	Go   Language = "go"
	Node Language = "node"
)

// Options say what is written.
type Options struct {
	// Name of the connector, as in its manifest. Required.
	Name string
	// Language; default Go.
	Language Language
	// Dir is the folder to make; default Name.
	Dir string
	// Module is the path of the Go module; default example.com/Name.
	Module string
	// SDK is a checkout of the SDK's module, for one that no proxy knows.
	SDK string
	// Version of the SDK's module, e.g. v1.2.0; needed for Go without SDK.
	Version string
}

// maxName is the manifest's limit.
const maxName = 40

var (
	namePattern    = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	modulePattern  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~/-]*[A-Za-z0-9]$`)
	versionPattern = regexp.MustCompile(`^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$`)
	describedRest  = regexp.MustCompile(`-(\d+-g[0-9a-f]+|dirty)`) // of git describe, between releases
)

// reserved are nouns of the engine and of its standard operations: an operation
// under them would not be the connector's own.
func reserved() []string {
	return []string{"afara", "bill", "connection", "connector", "event", "expense", "invoice", "payment", "plugin", "pull", "webhook"}
}

// Write makes the folder and answers its path. Nothing is written over: where
// the folder exists, it must be empty.
func Write(o Options) (string, error) {
	o, err := o.filled()
	if err != nil {
		return "", err
	}
	if err := vacant(o.Dir); err != nil {
		return "", err
	}
	files, err := o.files()
	if err != nil {
		return "", err
	}
	for _, f := range files {
		path := filepath.Join(o.Dir, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, f.content, 0o644); err != nil {
			return "", err
		}
	}
	return o.Dir, nil
}

func (o Options) filled() (Options, error) {
	if o.Language == "" {
		o.Language = Go
	}
	if o.Dir == "" {
		o.Dir = o.Name
	}
	return o, errors.Join(o.nameFault(), o.languageFault())
}

func (o Options) nameFault() error {
	switch {
	case !namePattern.MatchString(o.Name):
		return fmt.Errorf("name: %q is no name; use small letters and digits, beginning with a letter", o.Name)
	case len(o.Name) > maxName:
		return fmt.Errorf("name: it has %d characters; use at most %d", len(o.Name), maxName)
	case slices.Contains(reserved(), o.Name):
		return fmt.Errorf("name: %q is a word of the engine's own; name the connector after its vendor", o.Name)
	}
	return nil
}

func (o Options) languageFault() error {
	switch {
	case o.Language == Node && (o.Module != "" || o.SDK != ""):
		return errors.New("module and sdk: they are for Go; leave them out, the SDK for Node is part of the folder")
	case o.Language == Node:
		return nil
	case o.Language != Go:
		return fmt.Errorf("lang: %q is none; write go or node", o.Language)
	case o.Module != "" && (!modulePattern.MatchString(o.Module) || strings.Contains(o.Module, "..") || strings.Contains(o.Module, "//")):
		return fmt.Errorf("module: %q is no module path; write one such as example.com/%s", o.Module, o.Name)
	case o.SDK == "" && (!versionPattern.MatchString(o.Version) || describedRest.MatchString(o.Version)):
		return fmt.Errorf("sdk: this program was built from %s, which is no release that a module proxy knows; name a checkout of %s", o.Version, sdkModule)
	}
	return nil
}

func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("dir: %w; name a folder that does not exist yet", err)
	case len(entries) > 0:
		return fmt.Errorf("dir: %s exists and is not empty; name another folder, or remove it", dir)
	}
	return nil
}
