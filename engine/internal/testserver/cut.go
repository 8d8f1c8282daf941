package testserver

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// Cutter stands between a store and PostgreSQL and cuts the connection at
// COMMIT: whoever commits learns that nobody knows.
type Cutter struct {
	listener net.Listener
	server   string // the server's Unix socket
	// cuts is how many COMMITs are still to be cut.
	cuts atomic.Int64
	// forward says whether the server gets a COMMIT that is cut.
	forward bool
	conns   sync.WaitGroup
}

// Cut gives the URL of a database of Postgres behind a Cutter. With forward the
// server gets the COMMITs that are cut.
func Cut(t testing.TB, database string, forward bool) (*Cutter, string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &Cutter{listener: l, server: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"), forward: forward}
	c.conns.Go(c.accept)
	t.Cleanup(func() { _ = l.Close(); c.conns.Wait() })
	return c, fmt.Sprintf("postgres://postgres@%s%s?sslmode=disable", l.Addr(), u.Path)
}

// Cuts has the next n COMMITs cut.
func (c *Cutter) Cuts(n int64) { c.cuts.Store(n) }

func (c *Cutter) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.conns.Go(func() { c.serve(client) })
	}
}

func (c *Cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", c.server)
	if err != nil {
		return
	}
	defer server.Close()
	answers := make(chan struct{})
	var deaf atomic.Bool
	go func() {
		defer close(answers)
		defer client.Close()
		c.answer(client, server, &deaf)
	}()
	defer func() { <-answers }()
	defer server.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if bytes.Contains(buf[:n], []byte("COMMIT\x00")) && c.cuts.Add(-1) >= 0 {
			deaf.Store(true)
			if c.forward {
				_, _ = server.Write(buf[:n])
				<-answers // the server has answered; nobody hears it
			}
			return
		}
		if _, err := server.Write(buf[:n]); err != nil {
			return
		}
	}
}

// answer passes the server's answers on, except the one to a COMMIT that is
// being cut: that ends it.
func (c *Cutter) answer(client io.Writer, server io.Reader, deaf *atomic.Bool) {
	buf := make([]byte, 64<<10)
	for {
		n, err := server.Read(buf)
		if err != nil || deaf.Load() {
			return
		}
		if _, err := client.Write(buf[:n]); err != nil {
			return
		}
	}
}
