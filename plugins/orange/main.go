// Command orange connects Orange Money: it asks payers for money over the web
// payment API or the core API.
package main

import (
	_ "embed"

	"github.com/afara-dev/afara/sdk"
)

//go:embed manifest.json
var manifest []byte

func main() { sdk.Serve(newConnector()) }
