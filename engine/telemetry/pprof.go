package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// ListenPprof opens a listener for ServePprof. The address must be a loopback
// IP: a profile shows memory, and so secrets.
func ListenPprof(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("pprof address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("pprof address %q: use a loopback address such as 127.0.0.1:6060: profiles show memory", address)
	}
	var lc net.ListenConfig
	return lc.Listen(ctx, "tcp", address)
}

// ServePprof serves Go's profiler on l until ctx ends, then closes l.
func ServePprof(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: pprofRoutes(), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("pprof: %w", err)
	}
	return nil
}

// pprofRoutes leaves out the command line: a flag in it may be a key.
func pprofRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
