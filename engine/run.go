package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/config"
)

// Run serves until ctx ends, then drains: no new requests, no new work, what
// is in flight ends (for at most the shutdown timeout), what this node still
// holds is released. l is where the API listens; nil without the role api.
func (e *Engine) Run(ctx context.Context, l net.Listener) error {
	if err := e.begin(ctx); err != nil {
		if ctx.Err() != nil {
			err = nil // told to stop before it had begun
		}
		return errors.Join(err, e.leave(ctx))
	}
	stop := newStages(ctx)
	var group runGroup
	group.start(stop.base, "heartbeat", e.node.Run)
	group.start(stop.base, "relay", e.relay.Run)
	group.start(stop.reading, "connections", func(ctx context.Context) error {
		return e.Registry.Run(ctx, e.node.ID(), e.Host, func() { e.Applier.Wake(e.Store.Now()) })
	})
	group.start(stop.reading, "fleet", e.Fleet.Run)
	group.start(stop.reading, "webhooks", e.Webhooks.Run)
	if e.cfg.Settings.Has(config.RoleWorker) {
		group.start(stop.reading, "pulls", e.Pulls.Run)
		group.start(stop.reading, "ledger", e.Ledger.Run)
	}
	group.start(stop.reading, "housekeeping", e.housekeeping)
	group.start(stop.reading, "payments", e.expirePayments)
	group.start(stop.reading, "streams", func(ctx context.Context) error { return e.runStreams(ctx, stop.walking) })
	server := e.server()
	if l != nil && e.cfg.Settings.Has(config.RoleAPI) {
		group.start(stop.base, "http", func(context.Context) error { return serve(server, l) })
	}
	e.log.Info("node started", "node", e.node.ID(), "version", e.cfg.Version, "roles", e.cfg.Settings.Roles)

	var failed error
	select {
	case <-ctx.Done():
	case failed = <-group.failed():
	}
	e.log.Info("node stops")
	return errors.Join(failed, e.drain(ctx, stop, server, &group))
}

// begin is what must be known before the first connector is needed.
func (e *Engine) begin(ctx context.Context) error {
	if err := e.node.Start(ctx); err != nil {
		return fmt.Errorf("start node: %w", err)
	}
	if err := e.Fleet.Obey(ctx); err != nil {
		return fmt.Errorf("read orders of connectors: %w", err)
	}
	return nil
}

// drain ends the stages in the order in which work flows.
func (e *Engine) drain(ctx context.Context, stop *stages, server *http.Server, group *runGroup) error {
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.cfg.Settings.ShutdownTimeout)
	defer cancel()
	errs := []error{server.Shutdown(limit)}
	stop.endReading()
	group.waitFor(limit, "streams")
	group.waitFor(limit, "pulls")
	stop.endWalking()
	errs = append(errs, e.Host.Close(limit))
	e.Operations.Wait(limit)
	stop.endBase()
	group.wait()
	errs = append(errs, e.leave(ctx))
	return errors.Join(errs...)
}

// leave gives the claims that are left back at once, so that another node need
// not wait for this one's heartbeat to lapse, and closes.
func (e *Engine) leave(ctx context.Context) error {
	leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(e.node.Stop(leave), e.Close())
}

func serve(server *http.Server, l net.Listener) error {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve http: %w", err)
	}
	return nil
}

// housekeeping removes what has had its day, in small transactions.
func (e *Engine) housekeeping(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		e.sweep(ctx, "idempotency keys", func() (bool, error) {
			n, err := e.Ingest.Expire(ctx)
			return n > 0, err
		})
		e.sweep(ctx, "calls of operations", func() (bool, error) {
			n, err := e.Operations.Expire(ctx)
			return n > 0, err
		})
		e.sweep(ctx, "events", func() (bool, error) {
			n, err := e.Callbacks.Expire(ctx, e.cfg.Settings.RetainEvents)
			return n > 0, err
		})
		e.sweep(ctx, "webhooks", func() (bool, error) {
			n, err := e.Webhooks.Expire(ctx)
			return n > 0, err
		})
		e.sweep(ctx, "what was read of streams", func() (bool, error) { return e.Pulls.Expire(ctx, e.cfg.Settings.RetainRecords) })
		e.sweep(ctx, "reports of connectors", func() (bool, error) { return false, e.Fleet.Forget(ctx) })
		e.sweep(ctx, "gates", func() (bool, error) { return false, e.Store.DropGates(ctx) })
	}
}

// sweep removes chunk after chunk while there are more.
func (e *Engine) sweep(ctx context.Context, what string, chunk func() (more bool, err error)) {
	for ctx.Err() == nil {
		more, err := chunk()
		if err != nil && ctx.Err() == nil {
			e.log.Warn("expire", "what", what, "error", err)
		}
		if err != nil || !more {
			return
		}
	}
}

// stages are the contexts of a node, in the order in which they end: reading
// (new work), walking (work in flight), base (what both need).
type stages struct {
	reading, walking, base          context.Context
	endReading, endWalking, endBase context.CancelFunc
}

func newStages(ctx context.Context) *stages {
	free := context.WithoutCancel(ctx)
	s := &stages{}
	s.base, s.endBase = context.WithCancel(free)
	s.walking, s.endWalking = context.WithCancel(free)
	s.reading, s.endReading = context.WithCancel(free)
	return s
}

// runGroup waits for the goroutines that Run started, by name.
type runGroup struct {
	once  sync.Once
	fail  chan error
	done  sync.Map // name -> chan struct{}
	group sync.WaitGroup
}

func (g *runGroup) start(ctx context.Context, name string, f func(context.Context) error) {
	ended := make(chan struct{})
	g.done.Store(name, ended)
	g.group.Go(func() {
		defer close(ended)
		if err := f(ctx); err != nil && ctx.Err() == nil {
			select {
			case g.failed() <- fmt.Errorf("%s: %w", name, err):
			default:
			}
		}
	})
}

// failed gets the first error of a goroutine that should not have ended.
func (g *runGroup) failed() chan error {
	g.once.Do(func() { g.fail = make(chan error, 1) })
	return g.fail
}

func (g *runGroup) waitFor(ctx context.Context, name string) {
	ended, ok := g.done.Load(name)
	if !ok {
		return
	}
	select {
	case <-ended.(chan struct{}):
	case <-ctx.Done():
	}
}

func (g *runGroup) wait() { g.group.Wait() }
