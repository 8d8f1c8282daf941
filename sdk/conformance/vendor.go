package conformance

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// sinkPath takes any request and answers 204.
const sinkPath = "/_sink"

// seen is one request of the connector to its vendor.
type seen struct {
	method, path string
	changes      bool            // by its method, and not listed as harmless
	gone         <-chan struct{} // closed when the connector hung up, or was answered
}

// vendor stands in the vendor's place on loopback. Requests go on to the
// stand-in, unless play answers them.
type vendor struct {
	url      string
	forward  http.Handler
	harmless []string
	// play answers a request, or says that it shall go on.
	play func(w http.ResponseWriter, r *http.Request, changes bool, forward http.Handler) (answered bool)

	onward *http.Transport // its own: nobody else closes its connections
	server *http.Server
	served chan struct{}

	mu      sync.Mutex
	seen    []seen
	arrived chan seen
}

// play is how a vendor answers.
type play = func(w http.ResponseWriter, r *http.Request, changes bool, forward http.Handler) bool

// maxArrived bounds how many requests wait to be looked at.
const maxArrived = 4096

func newVendor(upstream *url.URL, harmless []string, p play) (*vendor, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	v := &vendor{
		url: "http://" + listener.Addr().String(), harmless: harmless, play: p,
		onward: &http.Transport{}, served: make(chan struct{}), arrived: make(chan seen, maxArrived),
		forward: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }),
	}
	if upstream != nil {
		proxy := httputil.NewSingleHostReverseProxy(upstream)
		proxy.Transport = v.onward
		proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
		v.forward = proxy
	}
	v.server = &http.Server{Handler: v, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(v.served)
		_ = v.server.Serve(listener) // ends with close
	}()
	return v, nil
}

// close ends all requests, also those that are never answered.
func (v *vendor) close() {
	_ = v.server.Close()
	<-v.served
	v.onward.CloseIdleConnections()
}

// ServeHTTP notes the request and answers it.
func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, sinkPath) {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	// All of it at once: a proxy that answers before it has read a body to its end
	// loses the answer, and only then is it noticed that the connector hung up.
	body, err := io.ReadAll(io.LimitReader(r.Body, 2*maxBig))
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's way to cut the connection
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	one := seen{method: r.Method, path: r.URL.Path, changes: v.changes(r), gone: r.Context().Done()}
	v.mu.Lock()
	v.seen = append(v.seen, one)
	v.mu.Unlock()
	select {
	case v.arrived <- one:
	default: // nobody looks
	}
	if v.play == nil || !v.play(w, r, one.changes, v.forward) {
		v.forward.ServeHTTP(w, r)
	}
}

func (v *vendor) changes(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return !slices.ContainsFunc(v.harmless, func(rule string) bool {
		method, part, _ := strings.Cut(rule, " ")
		return method == r.Method && strings.Contains(r.URL.Path, part)
	})
}

// counts tells how many requests came, and how many of them change something.
func (v *vendor) counts() (all, changing int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range v.seen {
		if one.changes {
			changing++
		}
	}
	return len(v.seen), changing
}

// await waits for the next request that fits.
func (v *vendor) await(d time.Duration, fits func(seen) bool) (seen, bool) {
	limit := time.NewTimer(d)
	defer limit.Stop()
	for {
		select {
		case one := <-v.arrived:
			if fits(one) {
				return one, true
			}
		case <-limit.C:
			return seen{}, false
		}
	}
}
