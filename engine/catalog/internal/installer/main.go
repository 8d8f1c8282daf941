// Command installer makes one change of a directory of connectors, for tests
// that kill it on the way: installer install|upgrade|rollback|remove DIR WHAT.
package main

import (
	"fmt"
	"os"

	"github.com/afara-dev/afara/engine/catalog"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: installer install|upgrade|rollback|remove DIR WHAT")
		os.Exit(2)
	}
	if err := change(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func change(verb, dir, what string) (err error) {
	policy := catalog.Policy{AllowUnsigned: true}
	switch verb {
	case "install":
		_, err = catalog.Install(dir, what, policy)
	case "upgrade":
		_, err = catalog.Upgrade(dir, what, policy)
	case "rollback":
		_, err = catalog.Rollback(dir, what)
	case "remove":
		err = catalog.Remove(dir, what)
	default:
		err = fmt.Errorf("no verb %q: use install, upgrade, rollback or remove", verb)
	}
	return err
}
