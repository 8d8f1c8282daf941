// Command simulator serves Acme's stand-in until it is interrupted.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/afara-dev/afara/sdk/scaffold/acme/simulator"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "address to listen on")
	key := flag.String("key", "", "API key that clients present; empty takes any")
	flag.Parse()
	if err := run(*listen, *key); err != nil {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		os.Exit(1)
	}
}

func run(listen, key string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Printf("simulator ready on http://%s\n", listener.Addr())
	server := &http.Server{Handler: simulator.New(key), ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}
