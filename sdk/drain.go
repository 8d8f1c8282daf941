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

	// go-plugin kills the process two seconds after its shutdown call.
	shutdownDrain = 1500 * time.Millisecond
	// answerGrace is for calls that were cut at the limit to answer with their
	// class rather than with a broken connection.
	answerGrace = 500 * time.Millisecond
)

// drain lets calls in flight finish when the process is told to end, for a
// limited time, and takes no new ones meanwhile. grpc's own graceful stop does
// not serve: it waits for go-plugin's log stream, which never ends.
type drain struct {
	log   *slog.Logger
	limit time.Duration

	cutCtx context.Context
	cut    context.CancelFunc

	mu       sync.Mutex
	inFlight int
	ending   bool
	idle     chan struct{} // closed when ending and nothing is in flight
}

func newDrain(log *slog.Logger, limit time.Duration) *drain {
	ctx, cancel := context.WithCancel(context.Background())
	return &drain{log: log, limit: limit, cutCtx: ctx, cut: cancel, idle: make(chan struct{})}
}

func (d *drain) unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if info.FullMethod == shutdownCall {
		d.end(min(d.limit, shutdownDrain))
		return next(ctx, in)
	}
	if !strings.HasPrefix(info.FullMethod, connectorCalls) {
		return next(ctx, in)
	}
	ctx, leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return next(ctx, in)
}

func (d *drain) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if !strings.HasPrefix(info.FullMethod, connectorCalls) {
		return next(srv, ss)
	}
	ctx, leave, err := d.enter(ss.Context())
	if err != nil {
		return err
	}
	defer leave()
	return next(srv, &cuttableStream{ServerStream: ss, ctx: ctx})
}

// cuttableStream is a stream whose context ends at the drain's limit.
type cuttableStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *cuttableStream) Context() context.Context { return s.ctx }

// enter counts a call in; its context ends when the drain's limit is over.
func (d *drain) enter(ctx context.Context) (context.Context, func(), error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ending {
		return nil, nil, status.Error(codes.Unavailable, "the connector is ending; nothing was begun")
	}
	d.inFlight++
	ctx, cancel := context.WithCancel(ctx)
	detach := context.AfterFunc(d.cutCtx, cancel)
	return ctx, func() { detach(); cancel(); d.leave() }, nil
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

// onTerminate calls stop after a drain once the process gets SIGTERM.
func (d *drain) onTerminate(stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	go func() {
		<-signals
		d.end(d.limit)
		stop()
	}()
}
