package bus_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/afara-dev/afara/engine/bus"
)

func TestListenHandsEveryEnvelopeToTheHandlerAndDeletesItOnceAcked(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bus.Bus) {
		in := newInbox()
		listen(t, runRouter(t, b), bus.ListenConfig{
			Stream: "firs", Subscriber: bus.SubscriberConfig{SoleGroup: true, MaxUnacked: 10},
			Handle: func(m *message.Message) error {
				if env, err := bus.Envelope(m); err != nil || env.Epoch != 1 || env.Stage != "validate" || env.Traceparent == "" {
					t.Errorf("envelope %+v: %v", env, err)
				}
				return in.handle(m)
			},
		})
		publish(t, b, "firs", 0, 3000)
		eventually(t, "all envelopes are handled", in.has(3000))
		eventually(t, "the stream is empty", func() bool {
			s := stats(t, b, "firs")
			return s.Length == 0 && s.Pending == 0
		})
		if n := in.times(id(0)); n != 1 {
			t.Errorf("the first envelope came %d times, want once", n)
		}
	})
}

func TestMaxUnackedBoundsWhatIsUnackedAndNotWhatRuns(t *testing.T) {
	t.Parallel()
	b := openBus(t, "")
	running, ack, finish := atomic.Int64{}, make(chan struct{}), make(chan struct{})
	stop := listen(t, runRouter(t, b), bus.ListenConfig{
		Stream: "s", Subscriber: bus.SubscriberConfig{SoleGroup: true, MaxUnacked: 4},
		Handle: func(m *message.Message) error {
			running.Add(1)
			<-ack
			m.Ack()
			<-finish
			return nil
		},
	})
	publish(t, b, "s", 0, 20)
	eventually(t, "four are handed out", func() bool { return running.Load() == 4 })
	if s := stats(t, b, "s"); s.Pending != 4 {
		t.Errorf("%d entries were read with four unacked allowed", s.Pending)
	}
	close(ack)
	eventually(t, "the others run beside the four that are acked", func() bool { return running.Load() == 20 })
	close(finish)
	stop()
}

func TestListenReturnsOnlyWhenItsHandlersHaveReturned(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bus.Bus) {
		r := runRouter(t, b)
		acked, finish := make(chan struct{}), make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- r.Listen(ctx, bus.ListenConfig{
				Stream: "s", Subscriber: bus.SubscriberConfig{SoleGroup: true, Block: time.Minute},
				Handle: func(m *message.Message) error {
					m.Ack()
					close(acked)
					<-m.Context().Done() // the ack ends it
					<-finish
					return nil
				},
			})
		}()
		publish(t, b, "s", 0, 1)
		<-acked
		cancel()
		// The reader leaves at once, though it blocks for a minute.
		eventually(t, "the reader has left", func() bool { return stats(t, b, "s").Consumers == 0 })
		select {
		case err := <-ended:
			t.Fatalf("Listen returned %v while its handler ran", err)
		default:
		}
		close(finish)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if s := stats(t, b, "s"); s.Pending != 0 || s.Length != 0 {
			t.Errorf("the last ack was not sent: %+v", s)
		}
	})
}

func TestAStreamCanBeLeftAndListenedToAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bus.Bus) {
		r, in, other := runRouter(t, b), newInbox(), newInbox()
		cfg := bus.ListenConfig{Stream: "s", Handle: in.handle, Subscriber: bus.SubscriberConfig{SoleGroup: true}}
		listen(t, r, bus.ListenConfig{Stream: "other", Handle: other.handle, Subscriber: bus.SubscriberConfig{SoleGroup: true}})
		stop := listen(t, r, cfg)
		publish(t, b, "s", 0, 10)
		eventually(t, "the first ten are handled", in.has(10))
		stop()
		publish(t, b, "s", 10, 20)
		publish(t, b, "other", 0, 5)
		eventually(t, "the other stream goes on", other.has(5))
		if in.count() != 10 {
			t.Error("a stream was read after Listen returned")
		}
		listen(t, r, cfg)
		eventually(t, "what came in between is handled", in.has(20))
	})
}

func TestWhatAHandlerHoldsUnackedAtAStopGoesToTheNextReader(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bus.Bus) {
		first := b.Subscriber(bus.SubscriberConfig{DrainTimeout: 10 * time.Millisecond})
		out, err := first.Subscribe(t.Context(), "s")
		if err != nil {
			t.Fatal(err)
		}
		publish(t, b, "s", 0, 50)
		m := <-out
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
		if m.Context().Err() == nil {
			t.Error("the context of a message that was given up goes on")
		}
		in := newInbox()
		listen(t, runRouter(t, b), bus.ListenConfig{Stream: "s", Handle: in.handle})
		eventually(t, "all fifty come to the second reader", in.has(50))
		eventually(t, "nothing is pending", func() bool { return stats(t, b, "s").Pending == 0 })
	})
}

func TestANackedMessageComesAgainAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bus.Bus) {
		in, tries := newInbox(), atomic.Int64{}
		listen(t, runRouter(t, b), bus.ListenConfig{
			Stream: "s", Subscriber: bus.SubscriberConfig{SoleGroup: true, MaxUnacked: 2, NackDelay: time.Millisecond},
			Handle: func(m *message.Message) error {
				if m.UUID != id(0) {
					return in.handle(m)
				}
				switch tries.Add(1) {
				case 1:
					return errors.New("not now")
				case 2:
					panic("not now either")
				}
				if in.count() < 99 {
					return errors.New("not before all others")
				}
				return in.handle(m)
			},
		})
		publish(t, b, "s", 0, 100)
		eventually(t, "all are handled", in.has(100))
	})
}

func TestTwoHandlersOfOneNameAreRefused(t *testing.T) {
	t.Parallel()
	b := openBus(t, "")
	r, in := runRouter(t, b), newInbox()
	listen(t, r, bus.ListenConfig{Stream: "s", Handle: in.handle})
	publish(t, b, "s", 0, 1)
	eventually(t, "the first one listens", in.has(1))
	if err := r.Listen(t.Context(), bus.ListenConfig{Stream: "s", Handle: in.handle}); !errors.Is(err, bus.ErrListening) {
		t.Errorf("a second Listen gave %v, want ErrListening", err)
	}
	for _, cfg := range []bus.ListenConfig{{Handle: in.handle}, {Stream: "a{b}", Handle: in.handle}, {Stream: "s2"}} {
		if err := r.Listen(t.Context(), cfg); err == nil {
			t.Errorf("Listen(%+v) was accepted", cfg)
		}
	}
}

// A stream that is left for a moment is read again as soon as nobody reads it,
// while the last handlers of before still run.
func TestListenAgainWaitsForTheOneThatEnds(t *testing.T) {
	t.Parallel()
	b := openBus(t, "")
	r, in := runRouter(t, b), newInbox()
	inside, finish := make(chan struct{}), make(chan struct{})
	defer close(finish)
	ctx, leave := context.WithCancel(t.Context())
	first, entered := make(chan error, 1), atomic.Bool{}
	go func() {
		first <- r.Listen(ctx, bus.ListenConfig{Stream: "s", Subscriber: bus.SubscriberConfig{SoleGroup: true}, Handle: func(m *message.Message) error {
			m.Ack()
			if entered.CompareAndSwap(false, true) {
				close(inside)
				<-finish
			}
			return nil
		}})
	}()
	publish(t, b, "s", 0, 1)
	<-inside
	leave()
	listen(t, r, bus.ListenConfig{Stream: "s", Subscriber: bus.SubscriberConfig{SoleGroup: true}, Handle: in.handle})
	next := 1
	eventually(t, "the second one listens", func() bool { // the first may still read what comes now
		publish(t, b, "s", next, next+1)
		next++
		return in.count() > 0
	})
	select {
	case err := <-first:
		t.Errorf("the first has ended while its handler runs: %v", err)
	default:
	}
}

func TestRunWaitsForHandlersAndSaysWhenOneDoesNotReturn(t *testing.T) {
	t.Parallel()
	b := openBus(t, "")
	r, err := b.Router(bus.RouterConfig{DrainTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran, listened := make(chan error, 1), make(chan error, 1)
	go func() { ran <- r.Run(ctx) }()
	acked, finish := make(chan struct{}), make(chan struct{})
	go func() {
		listened <- r.Listen(context.Background(), bus.ListenConfig{Stream: "s", Handle: func(m *message.Message) error {
			m.Ack()
			close(acked)
			<-finish
			return nil
		}})
	}()
	publish(t, b, "s", 0, 1)
	<-acked
	cancel()
	if err := <-ran; err == nil {
		t.Error("Run returned nil while a handler ran")
	}
	if err := <-listened; err == nil {
		t.Error("Listen returned nil while its handler ran")
	}
	close(finish)
	if err := r.Listen(t.Context(), bus.ListenConfig{Stream: "s", Handle: newInbox().handle}); err != nil {
		t.Errorf("Listen after Run gave %v, want nil", err)
	}
}

func TestRunUnderAContextThatHasEndedReturnsAtOnce(t *testing.T) {
	t.Parallel()
	r, err := openBus(t, "").Router(bus.RouterConfig{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Run(ctx); err != nil {
		t.Error(err)
	}
}

func TestMiddlewareWrapsEveryHandler(t *testing.T) {
	t.Parallel()
	b, calls := openBus(t, ""), atomic.Int64{}
	r, err := b.Router(bus.RouterConfig{Middleware: []message.HandlerMiddleware{
		func(next message.HandlerFunc) message.HandlerFunc {
			return func(m *message.Message) ([]*message.Message, error) {
				if message.HandlerNameFromCtx(m.Context()) != "named" || message.SubscribeTopicFromCtx(m.Context()) != "s" {
					t.Error("the middleware cannot tell the handler")
				}
				calls.Add(1)
				return next(m)
			}
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- r.Run(ctx) }()
	listen(t, r, bus.ListenConfig{Stream: "s", Name: "named", Handle: newInbox().handle})
	publish(t, b, "s", 0, 3)
	eventually(t, "the middleware saw three messages", func() bool { return calls.Load() == 3 })
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
}
