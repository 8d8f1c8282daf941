package sdk

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

const (
	connectorCalls = "/afara.connector.v1.Connector/"
	shutdownCall   = "/plugin.GRPCController/Shutdown"

	// go-plugin kills the process two seconds after its shutdown call was
	// answered; it waits for that answer without a limit of its own.
	shutdownDrain = 5 * time.Second
	// answerGrace is for calls that were cut at the limit to answer with their
	// class, and for answers to leave, rather than a broken connection.
	answerGrace = time.Second
)

// drain lets calls in flight finish when the process is told to end, for a
// limited time, and takes no new ones meanwhile. It ends go-plugin's own streams
// first, which never end by themselves and would hold up a graceful stop.
type drain struct {
	log   *slog.Logger
	limit time.Duration

	cutCtx context.Context
	cut    context.CancelFunc
	over   chan struct{} // closed when other streams shall end
	stop   func()

	mu       sync.Mutex
	inFlight int
	ending   bool
	idle     chan struct{} // closed when ending and nothing is in flight
}

func newDrain(log *slog.Logger, limit time.Duration) *drain {
	ctx, cancel := context.WithCancel(context.Background())
	return &drain{
		log: log, limit: limit, cutCtx: ctx, cut: cancel,
		over: make(chan struct{}), idle: make(chan struct{}),
	}
}

func (d *drain) unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if info.FullMethod == shutdownCall {
		// Its own handler would cut answers that have not left yet. Request and
		// answer are of one empty type.
		d.end(min(d.limit, shutdownDrain))
		go d.stop()
		return in, nil
	}
	if !strings.HasPrefix(info.FullMethod, connectorCalls) {
		return next(ctx, in)
	}
	ctx, release, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	return next(ctx, in)
}

func (d *drain) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if !strings.HasPrefix(info.FullMethod, connectorCalls) {
		return d.other(srv, ss, next)
	}
	ctx, release, err := d.enter(ss.Context())
	if err != nil {
		return err
	}
	defer release()
	return next(srv, &cuttableStream{ServerStream: ss, ctx: ctx})
}

// other runs a stream of go-plugin's. Some wait for the host alone, so the
// handler is left behind at the end; it returns once its stream is gone.
func (d *drain) other(srv any, ss grpc.ServerStream, next grpc.StreamHandler) error {
	done := make(chan error, 1)
	go func() { done <- next(srv, ss) }()
	select {
	case err := <-done:
		return err
	case <-d.over:
		return nil
	}
}

// cuttableStream is a stream whose context ends at the drain's limit.
type cuttableStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *cuttableStream) Context() context.Context { return s.ctx }

// enter counts a call in; its context ends when the drain's limit is over. The
// call is counted out by drainStats, once its answer is on its way.
func (d *drain) enter(ctx context.Context) (context.Context, func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ending {
		return nil, nil, status.Error(codes.Unavailable, "the connector is ending; nothing was begun")
	}
	d.inFlight++
	if t, ok := ctx.Value(ticketKey{}).(*ticket); ok {
		t.entered = true
	}
	ctx, cancel := context.WithCancel(ctx)
	detach := context.AfterFunc(d.cutCtx, cancel)
	return ctx, func() { detach(); cancel() }, nil
}

func (d *drain) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inFlight--
	d.tell()
}

// tell needs d.mu. Nothing enters once ending is set, so idle closes once.
func (d *drain) tell() {
	if d.ending && d.inFlight == 0 {
		close(d.idle)
	}
}

// end takes no more calls and waits for those in flight, at most limit; then it
// cuts them and gives them a moment to answer. It may be called many times.
func (d *drain) end(limit time.Duration) {
	d.mu.Lock()
	if !d.ending {
		d.ending = true
		d.tell()
	}
	d.mu.Unlock()
	if d.wait(limit) {
		return
	}
	d.log.Warn("calls in flight did not end in time; cutting them", "limit", limit.String())
	d.cut()
	d.wait(answerGrace)
}

func (d *drain) wait(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-d.idle:
		return true
	case <-timer.C:
		return false
	}
}

// attach gives the server that ends with the drain, and ends both on SIGTERM.
func (d *drain) attach(g *grpc.Server) {
	d.stop = sync.OnceFunc(func() { d.stopServer(g) })
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		d.end(d.limit)
		d.stop()
	}()
}

// stopServer lets the answers leave that were given last.
func (d *drain) stopServer(g *grpc.Server) {
	close(d.over)
	late := time.AfterFunc(answerGrace, g.Stop)
	defer late.Stop()
	g.GracefulStop()
}
