// Command acme connects Afara to Acme: it sends messages, finds them, lists them
// and takes Acme's notifications.
package main

import "github.com/afara-dev/afara/sdk"

func main() { sdk.Serve(connector{}) }
