package pluginhost

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// connection is what an instance keeps of a connection between calls: never
// its secrets, which live in the connector and in sealed rows only.
type connection struct {
	id      domain.ConnectionID
	version atomic.Int64 // the newest that was seen
	slots   chan struct{}
	breaker breaker
	loading singleflight.Group
}

func (in *instance) connection(ref domain.ConnectionRef) *connection {
	v, ok := in.connections.Load(ref.ID)
	if !ok {
		v, _ = in.connections.LoadOrStore(ref.ID, &connection{
			id:      ref.ID,
			slots:   make(chan struct{}, in.cfg.MaxPerConnection),
			breaker: breaker{threshold: in.cfg.BreakerFailures, first: in.cfg.BreakerOpen},
		})
	}
	c := v.(*connection)
	c.saw(ref.Version)
	return c
}

// saw raises the newest version: a caller's cached reference may be older than
// what the connector was given last.
func (c *connection) saw(version int64) {
	for {
		have := c.version.Load()
		if have >= version || c.version.CompareAndSwap(have, version) {
			return
		}
	}
}

// ref names the connection for a call, without its secrets.
func (c *connection) ref(env domain.EnvironmentKind) *connectorpb.Connection {
	return &connectorpb.Connection{Id: string(c.id), Version: c.version.Load(), Environment: string(env)}
}

// secretsTimeout bounds a look into the store of connections.
const secretsTimeout = 5 * time.Second

// open names it with settings and secrets, for a connector that does not know
// it. Callers at the same time share one look into the store.
func (in *instance) open(ctx context.Context, p *process, c *connection) (*connectorpb.Connection, error) {
	v, err, _ := c.loading.Do("", func() (any, error) {
		// Not the first caller's own context: the others wait for this too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), secretsTimeout)
		defer cancel()
		settings, credential, version, err := in.cfg.Connections.Secrets(ctx, c.id)
		if err != nil {
			return nil, fmt.Errorf("settings of connection %s: %w", c.id, err)
		}
		// Known as secrets before the connector can write them anywhere.
		in.redact.learn(secretSource{c.id, false}, schemas.SecretTexts(p.served.manifest.Settings, settings))
		in.redact.learn(secretSource{c.id, true}, credentialSecrets(credential))
		c.saw(version)
		return &connectorpb.Connection{
			Id: string(c.id), Version: version, Environment: string(in.env),
			Settings: settings, Credential: credential,
		}, nil
	})
	if err != nil {
		return nil, err
	}
	return v.(*connectorpb.Connection), nil
}

// held is what a call has while it is under way: the process that serves it,
// which is not ended before it is given back unless time is up.
type held struct {
	process    *process
	connection *connection
	instance   *instance
}

// acquire takes a slot of the connection, and one of the process with the
// process itself; the connection's first, so that one with many waiting calls
// holds none of the slots that others need. What waited while another version
// came goes to that one.
func (in *instance) acquire(ctx context.Context, c *connection) (held, *domain.ConnectorError) {
	if !take(ctx, c.slots) {
		return held{}, busy()
	}
	for {
		p := in.current.Load()
		if p == nil {
			<-c.slots
			return held{}, in.notReady()
		}
		if !take(ctx, p.slots) {
			<-c.slots
			return held{}, busy()
		}
		// Counted before the second look: whoever ends the process takes it away
		// first and counts after.
		p.inFlight.Add(1)
		if in.current.Load() == p {
			in.inFlight.Add(1)
			return held{process: p, connection: c, instance: in}, nil
		}
		p.inFlight.Add(-1)
		<-p.slots
	}
}

func (h held) release() {
	h.instance.inFlight.Add(-1)
	h.process.inFlight.Add(-1)
	<-h.process.slots
	<-h.connection.slots
}

func take(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	default:
	}
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// gate counts the calls under way, so that Close can wait for them.
type gate struct {
	mu     sync.Mutex
	inside int
	closed bool
	idle   chan struct{}
}

func newGate() *gate { return &gate{idle: make(chan struct{})} }

func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.inside++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.closed && g.inside == 0 {
		close(g.idle)
	}
}

// shut lets nobody in any more and answers a channel that closes when all are
// out. It reports false when it was shut before.
func (g *gate) shut() (<-chan struct{}, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return g.idle, false
	}
	g.closed = true
	if g.inside == 0 {
		close(g.idle)
	}
	return g.idle, true
}
