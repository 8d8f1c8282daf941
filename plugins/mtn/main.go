// Command mtn connects MTN's mobile money: it asks payers for money, pays out and
// refunds over the MoMo Open API.
package main

import (
	_ "embed"

	"github.com/afara-dev/afara/sdk"
)

//go:embed manifest.json
var manifest []byte

func main() { sdk.Serve(newConnector()) }
