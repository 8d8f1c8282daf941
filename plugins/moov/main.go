// Command moov connects Moov's mobile money, Flooz: it asks payers for money, pays
// out and gives back over Moov's merchant API.
package main

import (
	_ "embed"

	"github.com/afara-dev/afara/sdk"
)

//go:embed manifest.json
var manifest []byte

func main() { sdk.Serve(newConnector()) }
