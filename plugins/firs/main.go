// Command firs connects Nigeria's tax authority (FIRS, now NRS): it registers
// invoices with the Merchant-Buyer Solution and stamps their QR codes.
package main

import (
	_ "embed"

	"github.com/afara-dev/afara/sdk"
)

//go:embed manifest.json
var manifest []byte

func main() { sdk.Serve(newConnector()) }
