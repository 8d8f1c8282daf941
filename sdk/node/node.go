// Package node owns the SDK for connectors in Node and the connector that shows
// it. The files are those of a repository of its own: `make test check` works
// here as it does where `afara connector new` writes them.
package node

import "embed"

//go:generate go run ./gen

// Files are all of them but what a build makes. The library lies in afara.
//
//go:embed .gitignore Makefile README.md *.js *.json *.jsonl build.mjs afara simulator test
var Files embed.FS
