// Command bad is a connector that does what connectors should not: some of it
// at start, chosen by its name, the rest on request, chosen by the operation.
// It stands on the bare contract, since the SDK would prevent most of it.
package main

import (
	"fmt"
	"os"
	"time"

	plugin "github.com/hashicorp/go-plugin"

	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
	"github.com/afara-dev/afara/sdk"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "manifest" {
		_, _ = os.Stdout.Write(hostile.Bad(hostile.Name())) // a build without it does not start
		return
	}
	if len(os.Args) > 1 {
		time.Sleep(time.Minute) // a grandchild that only holds what it inherited
		return
	}
	misbehaveAtStart(hostile.Name())
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: sdk.Handshake(),
		Plugins:         sdk.PluginSet(&server{name: hostile.Name()}),
		GRPCServer:      plugin.DefaultGRPCServer,
	})
}

func misbehaveAtStart(name string) {
	switch name {
	case "exiter":
		fmt.Fprintln(os.Stderr, "cannot work here")
		os.Exit(3)
	case "chatty":
		fmt.Println("hello, I am a connector")
	case "silent":
		time.Sleep(time.Minute)
	case "modern":
		fmt.Println("1|99|unix|/nowhere|grpc|")
		time.Sleep(time.Minute)
	case "stranger":
		fmt.Println("1|1|unix|/run/somebody-elses.sock|grpc|")
		time.Sleep(time.Minute)
	}
}
