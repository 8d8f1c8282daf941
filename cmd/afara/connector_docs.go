package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	shelf "github.com/afara-dev/afara/engine/catalog"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/reference"
)

//go:generate go run . connector docs ../../plugins/echo/manifest.json --out ../../docs/reference/echo.md
//go:generate go run . connector docs ../../plugins/firs/manifest.json --out ../../docs/reference/firs.md
//go:generate go run . connector docs ../../plugins/moov/manifest.json --out ../../docs/reference/moov.md
//go:generate go run . connector docs ../../plugins/airtel/manifest.json --out ../../docs/reference/airtel.md
//go:generate go run . connector docs ../../plugins/mtn/manifest.json --out ../../docs/reference/mtn.md
//go:generate go run . connector docs ../../plugins/orange/manifest.json --out ../../docs/reference/orange.md

// manifestName is that of the file beside a connector.
const manifestName = "manifest.json"

// maxManifest bounds what is read, as the engine does.
const maxManifest = 1 << 20

// connectorDocsCmd writes a reference.
type connectorDocsCmd struct {
	connectorSettings
	Manifest string `arg:"" help:"A manifest, a folder with one, or the name of an installed connector."`
	Out      string `help:"Write to this file; default: standard output." placeholder:"FILE" type:"path"`
}

// Run writes Markdown.
func (c *connectorDocsCmd) Run(p program) error {
	path, err := c.path()
	if err != nil {
		return err
	}
	m, err := readManifest(path)
	if err != nil {
		return err
	}
	page, err := reference.Markdown(m)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if c.Out == "" {
		_, err = p.out.Write(page)
		return err
	}
	return os.WriteFile(c.Out, page, 0o644)
}

// path finds the manifest: what looks like a path is one, all else is a name.
func (c *connectorDocsCmd) path() (string, error) {
	if strings.ContainsRune(c.Manifest, filepath.Separator) || strings.HasSuffix(c.Manifest, ".json") || c.Manifest == "." {
		info, err := os.Stat(c.Manifest)
		if err != nil {
			return "", fmt.Errorf("manifest: %w", err)
		}
		if info.IsDir() {
			return filepath.Join(c.Manifest, manifestName), nil
		}
		return c.Manifest, nil
	}
	for _, dir := range c.PluginDirs {
		folder, err := installedIn(dir, c.Manifest)
		if err != nil {
			return "", err
		}
		path := filepath.Join(folder, manifestName)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("manifest: no connector %s is installed in %s; name one of afara connector list, or a file", c.Manifest, strings.Join(c.PluginDirs, ", "))
}

// installedIn is the folder of a connector's active version.
func installedIn(dir, name string) (string, error) {
	lock, err := shelf.ReadLock(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return filepath.Join(dir, name), nil
	}
	if err != nil {
		return "", err
	}
	locked, ok := lock.Connector(name)
	if !ok {
		return filepath.Join(dir, name), nil
	}
	return shelf.Folder(dir, name, locked.Active), nil
}

func readManifest(path string) (*schemas.Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	m, err := schemas.ParseManifest(raw)
	var faults *schemas.ValidationError
	if errors.As(err, &faults) {
		text := path + " is no valid manifest:"
		for _, v := range faults.Violations {
			text += fmt.Sprintf("\n  %s: %s %s", v.Pointer, v.Detail, v.Fix)
		}
		return nil, errors.New(text)
	}
	return m, err
}
