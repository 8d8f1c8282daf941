package engine

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pipeline"
	"github.com/afara-dev/afara/engine/work"
)

// lookForConnections is how often a node looks for connections that another
// process has enabled.
const lookForConnections = 5 * time.Second

// runStreams reads the streams that this node can serve: the callbacks', and
// each connector's while its own instance is ready. walking is the context of
// the work itself, which outlives ctx while a node drains.
func (e *Engine) runStreams(ctx, walking context.Context) error {
	router, err := e.Bus.Router(bus.RouterConfig{DrainTimeout: e.cfg.Settings.ShutdownTimeout})
	if err != nil {
		return err
	}
	s := &streams{engine: e, router: router, walking: walking, reading: map[string]context.CancelFunc{}}
	if e.cfg.Settings.Has(config.RoleDelivery) {
		if s.callbacks, err = s.deliveries(domain.CallbackStream); err != nil {
			return err
		}
	}
	var group sync.WaitGroup
	group.Go(func() { s.manage(ctx) })
	err = router.Run(ctx)
	group.Wait()
	s.listens.Wait()
	for _, end := range s.ends {
		end()
	}
	return err
}

// streams keeps the listens of a node in step with its connectors.
type streams struct {
	engine  *Engine
	router  *bus.Router
	walking context.Context
	listens sync.WaitGroup
	// callbacks is the one handler of the callbacks' stream, nil without the
	// role delivery: it keeps new deliveries for itself however often the
	// stream is listened to.
	callbacks message.NoPublishHandlerFunc

	mu      sync.Mutex
	reading map[string]context.CancelFunc
	ends    []func()     // what else ends when all listens have
	rests   []func(bool) // what else rests while the node drains
}

// manage runs until ctx ends.
func (s *streams) manage(ctx context.Context) {
	tick := time.NewTicker(lookForConnections)
	defer tick.Stop()
	changed := s.engine.Host.Subscribe()
	var programs []domain.ConnectionRef
	for look := true; ; {
		if look && s.engine.cfg.Settings.Has(config.RoleWorker) {
			programs = s.needed(ctx, programs)
		}
		s.keepUp(ctx, programs)
		select {
		case <-ctx.Done():
			return
		case <-s.engine.node.Changed():
			look = false
		case <-changed:
			look = false
		case <-s.engine.Registry.Changed():
			look = true
		case <-tick.C:
			look = true
		}
	}
}

// keepUp reads what this node shall read now: nothing while it drains.
func (s *streams) keepUp(ctx context.Context, programs []domain.ConnectionRef) {
	drains := s.engine.node.Draining()
	for _, rest := range s.rests {
		rest(drains)
	}
	if drains {
		for _, stream := range s.open() {
			s.leave(stream)
		}
		return
	}
	if s.callbacks != nil {
		s.listen(ctx, domain.CallbackStream, func(string) (message.NoPublishHandlerFunc, error) { return s.callbacks, nil })
	}
	s.follow(ctx, programs)
}

// needed starts the processes of all enabled connections.
func (s *streams) needed(ctx context.Context, known []domain.ConnectionRef) []domain.ConnectionRef {
	programs, err := s.engine.Registry.Programs(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.engine.log.Warn("list connections", "error", err)
		}
		return known
	}
	for _, p := range programs {
		s.engine.Host.Need(p.Connector, p.Environment)
	}
	return programs
}

// follow reads the streams of instances that are ready and leaves the others.
func (s *streams) follow(ctx context.Context, programs []domain.ConnectionRef) {
	ready := map[string]domain.ConnectionRef{}
	for _, p := range programs {
		if s.engine.Host.Ready(p.Connector, p.Environment) {
			ready[domain.ConnectorStream(p.Connector, p.Environment)] = p
		}
	}
	for _, stream := range s.open() {
		if _, ok := ready[stream]; !ok && stream != domain.CallbackStream {
			s.leave(stream)
		}
	}
	for stream, p := range ready {
		s.listen(ctx, stream, func(stream string) (message.NoPublishHandlerFunc, error) { return s.messages(stream, p) })
	}
}

func (s *streams) open() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.reading))
}

func (s *streams) leave(stream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stop, ok := s.reading[stream]; ok {
		s.engine.log.Info("stop reading", "stream", stream)
		stop()
		delete(s.reading, stream)
	}
}

// listen reads a stream until it is left, in a goroutine of its own. A stream
// that ends by an error is listened to again at the next look.
func (s *streams) listen(ctx context.Context, stream string, handler func(string) (message.NoPublishHandlerFunc, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.reading[stream]; ok || ctx.Err() != nil {
		return
	}
	handle, err := handler(stream)
	if err != nil {
		s.engine.log.Error("receive", "stream", stream, "error", err)
		return
	}
	ctx, stop := context.WithCancel(ctx)
	s.reading[stream] = stop
	s.engine.log.Info("read", "stream", stream)
	s.listens.Go(func() {
		defer stop()
		err := s.router.Listen(ctx, bus.ListenConfig{
			Stream: stream, Handle: handle,
			Subscriber: bus.SubscriberConfig{Node: string(s.engine.node.ID()), SoleGroup: true, MaxUnacked: s.engine.cfg.Settings.Pool, Lapsed: s.engine.lapsed},
		})
		if err != nil && ctx.Err() == nil {
			s.engine.log.Error("read", "stream", stream, "error", err)
			s.leave(stream)
		}
	})
}

// messages is the handler of a connector's stream.
func (s *streams) messages(stream string, c domain.ConnectionRef) (message.NoPublishHandlerFunc, error) {
	e := s.engine
	r, err := work.NewReceiver(work.ReceiverConfig[*pipeline.Run]{
		Stream: stream, Store: e.Store, Relay: e.relay, Owner: e.node.ID(), Log: e.log,
		Lease: func() time.Duration { return e.Pipeline.Lease(c) }, Slots: e.cfg.Settings.Pool, Load: e.Pipeline.Load,
		Walk: func(_ context.Context, run *pipeline.Run) { e.Pipeline.Walk(s.walking, run) },
	})
	if err != nil {
		return nil, err
	}
	return handle(r), nil
}

// deliveries is the handler of the callbacks' stream.
func (s *streams) deliveries(stream string) (message.NoPublishHandlerFunc, error) {
	e := s.engine
	r, err := work.NewReceiver(work.ReceiverConfig[*callbackDelivery]{
		Stream: stream, Store: e.Store, Relay: e.relay, Owner: e.node.ID(), Log: e.log,
		Lease: e.Callbacks.Lease, Slots: e.cfg.Settings.CallbackInFlight, Load: e.Callbacks.Load,
		Walk: func(_ context.Context, d *callbackDelivery) { e.Callbacks.Deliver(s.walking, d) },
	})
	if err != nil {
		return nil, err
	}
	keeper := work.NewKeeper(s.walking, r)
	e.relay.Keep(stream, keeper)
	s.ends, s.rests = append(s.ends, keeper.Close), append(s.rests, keeper.Rest)
	return handle(r), nil
}

// handle adapts a receiver to Watermill. It never nacks while the node runs:
// what fails is a row in the database.
func handle[T any](r *work.Receiver[T]) message.NoPublishHandlerFunc {
	return func(m *message.Message) error {
		e, err := bus.Envelope(m)
		if err != nil {
			return err
		}
		return r.Receive(m.Context(), e, func() { m.Ack() })
	}
}

// lapsed tells the bus which readers' nodes are dead for certain.
func (e *Engine) lapsed(ctx context.Context, nodes []string) ([]string, error) {
	ids := make([]domain.NodeID, len(nodes))
	for i, n := range nodes {
		ids[i] = domain.NodeID(n)
	}
	dead, err := e.node.Lapsed(ctx, ids)
	out := make([]string, len(dead))
	for i, id := range dead {
		out[i] = string(id)
	}
	return out, err
}
