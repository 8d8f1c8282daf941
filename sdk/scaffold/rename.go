package scaffold

import (
	"bytes"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	// sdkModule is what a connector in Go stands on.
	sdkModule = "github.com/afara-dev/afara"
	// templateModule is where the Go template lies within it.
	templateModule = sdkModule + "/sdk/scaffold/acme"
	// unpublished is required where a checkout takes the module's place.
	unpublished = "v0.0.0"
)

type file struct {
	path    string
	content []byte
}

// files are the template's under the connector's name, and the module's where
// the language has one.
func (o Options) files() ([]file, error) {
	from, err := template(o.Language)
	if err != nil {
		return nil, err
	}
	var out []file
	err = fs.WalkDir(from, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		raw, err = o.renamed(path, raw)
		out = append(out, file{path, raw})
		return err
	})
	if err != nil || o.Language == Node {
		return out, err
	}
	module, err := o.module()
	return append(out, module...), err
}

// renamed puts the connector's name where the template says acme. The SDK for
// Node is copied as it is.
func (o Options) renamed(path string, raw []byte) ([]byte, error) {
	title := strings.ToUpper(o.Name[:1]) + o.Name[1:]
	switch {
	case o.Language == Node && strings.HasPrefix(path, "afara/"):
		return raw, nil
	case path == "package-lock.json": // elsewhere in it four letters are part of a checksum
		return bytes.ReplaceAll(raw, []byte(`"name": "acme"`), []byte(`"name": "`+o.Name+`"`)), nil
	}
	text := strings.NewReplacer(templateModule, o.modulePath(), "acme", o.Name, "Acme", title).Replace(string(raw))
	if !strings.HasSuffix(path, ".go") {
		return []byte(text), nil
	}
	formatted, err := format.Source([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("format %s: %w", path, err)
	}
	return formatted, nil
}

func (o Options) modulePath() string {
	if o.Module != "" {
		return o.Module
	}
	return "example.com/" + o.Name
}

// module is go.mod, and go.sum where a checkout has one: `go mod tidy` keeps of
// its checksums what the connector needs.
func (o Options) module() ([]file, error) {
	version, replace := o.Version, ""
	var out []file
	if o.SDK != "" {
		path, sums, err := checkout(o.SDK)
		if err != nil {
			return nil, err
		}
		version, replace = unpublished, fmt.Sprintf("\nreplace %s => %s\n", sdkModule, quoted(path))
		out = append(out, file{"go.sum", sums})
	}
	text := fmt.Sprintf("module %s\n\ngo 1.26.0\n\nrequire %s %s\n%s", o.modulePath(), sdkModule, version, replace)
	return append(out, file{"go.mod", []byte(text)}), nil
}

// quoted is a path as go.mod takes it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\"'`,()[]{}") {
		return fmt.Sprintf("%q", path)
	}
	return path
}

func checkout(dir string) (path string, sums []byte, err error) {
	if path, err = filepath.Abs(dir); err != nil {
		return "", nil, err
	}
	raw, err := os.ReadFile(filepath.Join(path, "go.mod"))
	if err == nil && !strings.HasPrefix(string(raw), "module "+sdkModule+"\n") {
		err = fmt.Errorf("%s is another module", path)
	}
	if err == nil {
		sums, err = os.ReadFile(filepath.Join(path, "go.sum"))
	}
	if err != nil {
		return "", nil, fmt.Errorf("sdk: %w; name a checkout of %s", err, sdkModule)
	}
	return path, sums, nil
}
