package simnettest

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/simnet"
)

// Network is a network of SIMs in which no time goes by but by Pass.
type Network struct {
	*simnet.Network

	mu sync.Mutex
	at time.Time
}

// New makes a network with a clock of its own.
func New(t testing.TB, o simnet.Options) *Network {
	n := &Network{at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	o.Now = n.Now
	n.Network = simnet.New(o)
	t.Cleanup(func() { _ = n.Close() }) // never fails
	return n
}

// Now is the network's time.
func (n *Network) Now() time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.at
}

// Pass lets time go by and settles what is due.
func (n *Network) Pass(d time.Duration) {
	n.mu.Lock()
	n.at = n.at.Add(d)
	n.mu.Unlock()
	n.Tick()
}

// Put registers a SIM.
func (n *Network) Put(t testing.TB, s simnet.SIM) {
	t.Helper()
	if err := n.PutSIM(s); err != nil {
		t.Fatal(err)
	}
}

// Arm injects a fault.
func (n *Network) Arm(t testing.TB, f simnet.Fault) {
	t.Helper()
	if err := n.Inject(f); err != nil {
		t.Fatal(err)
	}
}

// Serve serves a simulator in front of the network. The network closes first,
// which lets go whoever still waits for a payer.
func (n *Network) Serve(t testing.TB, simulator http.Handler) *Server {
	server := httptest.NewServer(simulator)
	t.Cleanup(func() {
		_ = n.Close() // never fails
		server.CloseClientConnections()
		server.Close()
	})
	return &Server{URL: server.URL, client: &http.Client{
		Transport: server.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Serve answers the URL of a server of its own, for what no simulator says.
func Serve(t testing.TB, h http.HandlerFunc) string {
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}
