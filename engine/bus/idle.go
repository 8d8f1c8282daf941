package bus

import (
	"context"
	"sync"

	"github.com/ThreeDotsLabs/watermill/message"
)

// idleSubscriber is a subscriber that never gets a message.
type idleSubscriber struct {
	closed chan struct{}
	once   sync.Once
}

func newIdleSubscriber() *idleSubscriber { return &idleSubscriber{closed: make(chan struct{})} }

func (s *idleSubscriber) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	out := make(chan *message.Message)
	go func() {
		defer close(out)
		select {
		case <-ctx.Done():
		case <-s.closed:
		}
	}()
	return out, nil
}

func (s *idleSubscriber) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}
