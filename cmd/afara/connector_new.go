package main

import (
	"fmt"
	"runtime/debug"

	"github.com/afara-dev/afara/sdk/scaffold"
)

// connectorNewCmd begins a connector.
type connectorNewCmd struct {
	Name   string `arg:"" help:"Name of the connector: small letters and digits, e.g. acme."`
	Lang   string `help:"Language: go or node." default:"go"`
	Dir    string `help:"Folder to make; default NAME." type:"path" placeholder:"DIR"`
	Module string `help:"Path of the Go module; default example.com/NAME." placeholder:"PATH"`
	SDK    string `name:"sdk" help:"Checkout of Afara to build against, where this program is no release; Go alone." var:"AFARA_SDK" type:"path" placeholder:"DIR"`
}

// Run writes the folder and says what to type next.
func (c *connectorNewCmd) Run(p program) error {
	dir, err := scaffold.Write(scaffold.Options{
		Name: c.Name, Language: scaffold.Language(c.Lang), Dir: c.Dir, Module: c.Module, SDK: c.sdk(), Version: moduleVersion(),
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "Next: cd %s && make build && make test && make check\n", dir)
	_, err = fmt.Fprintln(p.out, dir)
	return err
}

// sdk is for Go: the variable may be set where both languages are written.
func (c *connectorNewCmd) sdk() string {
	if scaffold.Language(c.Lang) == scaffold.Node {
		return ""
	}
	return c.SDK
}

// moduleVersion is the version under which a module proxy has this build, if
// any: a release that the linker was told, else what the toolchain recorded.
func moduleVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "an unknown commit"
}
