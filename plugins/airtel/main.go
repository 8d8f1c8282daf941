// Command airtel connects Airtel Money: it asks payers for money, pays out and
// refunds over the Airtel Africa Open API.
package main

import (
	_ "embed"

	"github.com/afara-dev/afara/sdk"
)

//go:embed manifest.json
var manifest []byte

func main() { sdk.Serve(newConnector()) }
