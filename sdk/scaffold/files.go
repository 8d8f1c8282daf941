package scaffold

import (
	"embed"
	"io/fs"

	"github.com/afara-dev/afara/sdk/node"
)

//go:embed acme/.gitignore acme/Makefile acme/README.md acme/*.go acme/*.json acme/*.jsonl acme/internal acme/simulator acme/cmd
var goFiles embed.FS

// template is the folder that a new connector begins as. Each is a connector
// itself, compiled and tried like any other.
func template(l Language) (fs.FS, error) {
	if l == Node {
		return node.Files, nil
	}
	return fs.Sub(goFiles, "acme")
}
