package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// errClosed is what a caller gets from a store that is closing or closed.
var errClosed = fmt.Errorf("%w: the store is closed", ErrUnavailable)

// States of a member. A member is abandoned by its caller or taken by a
// writer, never both: that one compare-and-set decides whether a cancelled
// caller may say "nothing was stored".
const (
	memberQueued int32 = iota
	memberTaken
	memberAbandoned
)

// member is one caller's share of a group commit: statements as data, or a
// function over a Tx.
type member struct {
	ctx        context.Context
	statements []Statement
	fn         func(context.Context, Tx) error
	bytes      int // of its arguments, about

	state atomic.Int32
	// turn hands the transaction to the caller, who runs fn on its own
	// goroutine and answers on ran: a panic or a Goexit in fn then ends that
	// caller and never the writer.
	turn chan Tx
	ran  chan error
	done chan error

	// verdict is the outcome of the present try; only the writer touches it.
	verdict error
	// final says that fn cannot run again: it panicked or its goroutine ended.
	final bool
}

func newMember(ctx context.Context, statements []Statement, fn func(context.Context, Tx) error) *member {
	m := &member{ctx: ctx, statements: statements, fn: fn, bytes: size(statements), done: make(chan error, 1)}
	if fn != nil {
		m.turn, m.ran = make(chan Tx), make(chan error, 1)
	}
	return m
}

// take claims the member for a writer; false when the caller has left.
func (m *member) take() bool {
	return m.state.CompareAndSwap(memberQueued, memberTaken)
}

// abandon claims the member for its caller, who leaves with nothing stored.
func (m *member) abandon() bool {
	return m.state.CompareAndSwap(memberQueued, memberAbandoned)
}

// finish tells the caller the verdict. It never blocks.
func (m *member) finish() { m.done <- m.verdict }

// wait is the caller's side: it runs fn whenever its turn comes and returns
// the outcome. A ctx that ends while the member is taken changes nothing: the
// caller gets the true outcome.
func (m *member) wait() error {
	cancelled := m.ctx.Done()
	for {
		select {
		case err := <-m.done:
			return err
		case tx := <-m.turn:
			m.run(tx)
		case <-cancelled:
			if m.abandon() {
				return m.ctx.Err()
			}
			cancelled = nil
		}
	}
}

// run calls fn and always answers the waiting writer.
func (m *member) run(tx Tx) {
	err := errGone
	defer func() { m.ran <- err }()
	// Without cancel: a cancelled statement would make SQLite roll back the
	// whole group, and pgx throw its connection away.
	err = safely(context.WithoutCancel(m.ctx), tx, m.fn)
}

// safely calls fn and turns a panic into an error.
func safely(ctx context.Context, tx Tx, fn func(context.Context, Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
	}()
	return fn(context.WithValue(ctx, insideUpdate{}, true), tx)
}

// call is the writer's side of run.
func (m *member) call(tx Tx) error {
	m.turn <- tx
	err := <-m.ran
	var p *panicError
	m.final = errors.Is(err, errGone) || errors.As(err, &p)
	return err
}

// queue gathers callers into groups for one or more writers.
type queue struct {
	in    chan *member
	limit int

	mu     sync.RWMutex // held for reading while sending on in
	closed bool
}

func newQueue(limit int) *queue {
	return &queue{in: make(chan *member, 4*limit), limit: limit}
}

// do queues m and waits for its outcome.
func (q *queue) do(m *member) error {
	if err := m.ctx.Err(); err != nil {
		return err
	}
	if err := q.send(m); err != nil {
		return err
	}
	return m.wait()
}

func (q *queue) send(m *member) error {
	q.mu.RLock()
	defer q.mu.RUnlock()
	if q.closed {
		return errClosed
	}
	select {
	case q.in <- m:
		return nil
	case <-m.ctx.Done():
		return m.ctx.Err()
	}
}

// next blocks for the first caller and takes whoever else waits already, up to
// the limit; it never waits for more. Nil means that the queue has closed and
// is empty.
func (q *queue) next() []*member {
	for m := range q.in {
		group := q.gather(m)
		if len(group) > 0 {
			return group
		}
	}
	return nil
}

func (q *queue) gather(first *member) []*member {
	group := appendTaken(nil, first)
	// Those whom the last commit has just woken may be about to queue again:
	// whoever is ready to run goes first. Nobody who is not is waited for.
	runtime.Gosched()
	for bytes := first.bytes; len(group) < q.limit && bytes < maxGroupBytes; {
		select {
		case m, ok := <-q.in:
			if !ok {
				return group
			}
			group = appendTaken(group, m)
			bytes += m.bytes
		default:
			return group
		}
	}
	return group
}

// maxGroupBytes bounds what one commit carries beyond its last member: a group
// of large documents would else hold memory and everybody else up.
const maxGroupBytes = 4 << 20

func appendTaken(group []*member, m *member) []*member {
	if m.take() {
		return append(group, m)
	}
	return group
}

// close refuses new callers; those who wait are still served.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.closed = true
		close(q.in)
	}
}
