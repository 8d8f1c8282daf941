package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"
)

// ListenConfig says which stream to read and who handles its messages.
type ListenConfig struct {
	// Stream is read; required.
	Stream string
	// Name is the handler's name in logs and metrics; default Stream.
	Name string
	// Handle handles one message, in its own goroutine. It acks by itself as soon
	// as the work is claimed and may run on after that. Returning nil acks, an
	// error or a panic nacks, where it has not acked before. Envelope(m) never
	// fails for a message that it is given. m's context ends with the ack.
	Handle message.NoPublishHandlerFunc
	// Subscriber says how the stream is read.
	Subscriber SubscriberConfig
}

// ErrListening is returned for a second Listen under one name, while the first
// has not been told to end.
var ErrListening = errors.New("bus: a handler of this name is listening already")

// Listen reads a stream and runs Handle for each message until ctx or the
// router's Run ends. It waits for the router to start. Then it stops reading,
// waits until the running handlers have returned, and returns nil, or an error
// when some still ran after the router's DrainTimeout. Entries that were read
// and not handled go to another reader.
//
// Once its ctx has ended, the same stream may be listened to again: that begins
// as soon as this one reads no more, even while its handlers still run.
func (r *Router) Listen(ctx context.Context, cfg ListenConfig) error {
	if err := checkListen(&cfg); err != nil {
		return err
	}
	open := r.listens.add()
	defer r.listens.done()
	if !open {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	select {
	case <-r.router.Running():
	case <-ctx.Done():
		return nil
	case <-r.closing:
		return nil
	}
	return r.listen(ctx, cfg)
}

func checkListen(cfg *ListenConfig) error {
	if err := checkStream(cfg.Stream); err != nil {
		return err
	}
	if cfg.Handle == nil {
		return fmt.Errorf("bus: listen to %s: Handle is nil: give a handler", cfg.Stream)
	}
	cfg.Name = orDefault(cfg.Name, cfg.Stream)
	return nil
}

func (r *Router) listen(ctx context.Context, cfg ListenConfig) error {
	cfg.Subscriber.DrainTimeout = orDefault(cfg.Subscriber.DrainTimeout, r.drain)
	subscriber := r.bus.Subscriber(cfg.Subscriber)
	running := &tally{}
	handle := func(m *message.Message) error {
		running.add()
		defer running.done()
		return r.bus.handle(cfg, m)
	}
	if err := r.take(ctx, cfg); err != nil || ctx.Err() != nil {
		return err
	}
	handler, err := r.start(ctx, cfg, subscriber, handle)
	if err != nil {
		r.forget(cfg.Name)
		return err
	}
	select {
	case <-ctx.Done():
	case <-r.closing:
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.drain)
	defer cancel()
	handler.Stop()
	// A handler counts itself before it acks, and the channel closes after the
	// last ack: when Stopped says so, whoever still works is counted.
	<-handler.Stopped()
	r.forget(cfg.Name)
	if !running.wait(limit) {
		return fmt.Errorf("stop listening to %s: handlers still run after %s", cfg.Stream, r.drain)
	}
	return nil
}

func (r *Router) start(ctx context.Context, cfg ListenConfig, s message.Subscriber, h message.NoPublishHandlerFunc) (*message.Handler, error) {
	r.starting.Lock()
	defer r.starting.Unlock()
	handler := r.router.AddConsumerHandler(cfg.Name, cfg.Stream, s, h)
	if err := r.router.RunHandlers(ctx); err != nil {
		return nil, fmt.Errorf("listen to %s: %w", cfg.Stream, err)
	}
	return handler, nil
}

// listening has a handler's name until it is gone.
type listening struct {
	ctx  context.Context
	gone chan struct{}
}

// take gives a Listen its name, after the one before it has let go. Without an
// error the name is taken, or ctx has ended.
func (r *Router) take(ctx context.Context, cfg ListenConfig) error {
	for {
		before := r.claim(ctx, cfg.Name)
		if before == nil {
			return nil
		}
		if before.ctx.Err() == nil {
			return fmt.Errorf("listen to %s as %s: %w", cfg.Stream, cfg.Name, ErrListening)
		}
		select {
		case <-before.gone:
		case <-ctx.Done():
			return nil
		}
	}
}

// claim takes the name, or answers who has it.
func (r *Router) claim(ctx context.Context, name string) (before *listening) {
	r.naming.Lock()
	defer r.naming.Unlock()
	if l, ok := r.names[name]; ok {
		return l
	}
	r.names[name] = &listening{ctx: ctx, gone: make(chan struct{})}
	return nil
}

func (r *Router) forget(name string) {
	r.naming.Lock()
	defer r.naming.Unlock()
	close(r.names[name].gone)
	delete(r.names, name)
}

// handle keeps what is no envelope from the handler.
func (b *Bus) handle(cfg ListenConfig, m *message.Message) error {
	if _, err := Envelope(m); err != nil {
		return b.keepAside(m.Context(), cfg.Stream, []aside{{id: m.UUID, reason: err.Error(), fields: encode(m)}})
	}
	return cfg.Handle(m)
}
