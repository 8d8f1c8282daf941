// Command receiver is a receiver of webhooks that the chaos tests break and
// kill. What it is sent it writes to a file before it answers, so that it knows
// that after a kill too. It says on standard output where it listens and where
// it is controlled, and runs until it is killed.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "receiver:", err)
		os.Exit(1)
	}
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:0", "where webhooks are received")
	path := flag.String("record", "", "the file of what came")
	authority := flag.String("authority", "", "speak TLS, and write to this file the certificate to trust")
	flag.Parse()
	kept, err := openRecord(*path)
	if err != nil {
		return err
	}
	h := &hook{record: kept}
	if *authority != "" {
		if h.certificates, err = newCertificates(*authority); err != nil {
			return err
		}
	}
	if err := h.open(*listen); err != nil {
		return err
	}
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.elsewhere = "http://" + control.Addr().String() + followedPath
	if _, err := fmt.Printf("%s http://%s\n", h.url(), control.Addr()); err != nil {
		return err
	}
	return server(h.controls()).Serve(control)
}

func server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: time.Minute, ErrorLog: quiet}
}
