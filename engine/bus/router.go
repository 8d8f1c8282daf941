package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// RouterConfig makes a Router.
type RouterConfig struct {
	// Middleware wraps every handler; the first one is the outermost.
	Middleware []message.HandlerMiddleware
	// DrainTimeout is how long Run and Listen wait, once they shall end, for
	// handlers that still run; default 30 s.
	DrainTimeout time.Duration
}

// Router runs handlers through Watermill's router, each message in a goroutine
// of its own. Streams may be added and left while it runs.
type Router struct {
	bus    *Bus
	router *message.Router
	drain  time.Duration
	// starting keeps two Listens apart: Watermill starts every handler that was
	// added, under the context of whoever starts them.
	starting sync.Mutex
	naming   sync.Mutex
	names    map[string]*listening
	closing  chan struct{} // closed when Run shall end
	listens  tally
}

const idleName = "{idle}"

// ErrRouterStopped is returned when Watermill's router ended on its own.
var ErrRouterStopped = errors.New("bus: the router stopped without being told to")

// Router returns a router; Run starts it.
func (b *Bus) Router(cfg RouterConfig) (*Router, error) {
	cfg.DrainTimeout = orDefault(cfg.DrainTimeout, 30*time.Second)
	inner, err := message.NewRouter(message.RouterConfig{CloseTimeout: cfg.DrainTimeout}, logAdapter{b.cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("make router: %w", err)
	}
	inner.AddMiddleware(cfg.Middleware...)
	// Watermill's router ends with its last handler. This one never ends first,
	// and no stream can have its name.
	inner.AddConsumerHandler(idleName, idleName, newIdleSubscriber(), func(*message.Message) error { return nil })
	return &Router{
		bus: b, router: inner, drain: cfg.DrainTimeout,
		names: map[string]*listening{idleName: {ctx: context.Background()}}, closing: make(chan struct{}),
	}, nil
}

// Run runs the router until ctx ends, then ends every Listen, waits for the
// running handlers and returns nil; an error when some still ran after
// DrainTimeout. It returns ErrRouterStopped if the router ends before ctx, which
// must be treated as fatal. Call it once.
func (r *Router) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- r.router.Run(context.WithoutCancel(ctx)) }()
	select {
	case err := <-ended:
		return errors.Join(ErrRouterStopped, err)
	case <-ctx.Done():
	}
	// Watermill's router cannot be closed while it starts.
	select {
	case err := <-ended:
		return errors.Join(ErrRouterStopped, err)
	case <-r.router.Running():
	}
	close(r.closing)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.drain)
	defer cancel()
	drained := r.listens.wait(limit)
	if err := r.router.Close(); err != nil {
		return fmt.Errorf("close router: %w", err)
	}
	if err := <-ended; err != nil {
		return fmt.Errorf("close router: %w", err)
	}
	if !drained {
		return fmt.Errorf("close router: handlers still run after %s", r.drain)
	}
	return nil
}
