// Command echo is the reference connector: the one that authors copy. It speaks
// to the Echo Registry, a made-up authority that lives in the simulator folder,
// and shows every capability once in its smallest honest form.
package main

import "github.com/afara-dev/afara/sdk"

func main() { sdk.Serve(connector{}) }
