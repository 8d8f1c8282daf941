package pluginhost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

const (
	// pullFor is how long one pull goes on before it ends in order, and its caller
	// asks again: it holds a slot of its connection.
	pullFor = 5 * time.Minute
	// pullRecords and pullBytes end a pull in order too.
	pullRecords = 100_000
	pullBytes   = 256 << 20
	// pullSilences is how many answers may say nothing before the connector is taken
	// for one that never will.
	pullSilences = 10
)

// Pull reads a stream after a cursor and gives each batch to yield before it reads
// the next; with false the pull ends there, in order. Like Invoke it never fails by
// itself. A result says that all that was given is good, not that nothing more is
// there: the last batch says that. After an error what was given before is good too.
func (h *Host) Pull(ctx context.Context, p domain.Pull, yield func(domain.PullBatch) bool) domain.Outcome {
	if !h.gate.enter() {
		return h.turnedAway(errClosing())
	}
	defer h.gate.leave()
	in, refusal := h.find(p.Connection)
	if refusal != nil {
		return h.turnedAway(refusal)
	}
	return in.pull(ctx, &p, yield)
}

func (in *instance) pull(ctx context.Context, p *domain.Pull, yield func(domain.PullBatch) bool) domain.Outcome {
	version := in.served.Load()
	out := domain.Outcome{ConnectorVersion: version.manifest.Version, Began: in.cfg.Now()}
	s, known := in.stream(version, p.Stream)
	switch {
	case !known:
		fail(&out, classed(domain.ClassUnsupported, "stream_unknown", fmt.Sprintf("connector %s has no stream %q", in.name, p.Stream)))
	case len(p.Cursor) > maxCursor || p.Limit < 0:
		fail(&out, internal("pull_invalid", fmt.Sprintf("a cursor has at most %d bytes, and a limit is no negative number", maxCursor)))
	default:
		in.attemptPull(ctx, s, p, yield, &out)
	}
	out.Ended = in.cfg.Now()
	if known {
		in.observe(s.state, &out)
	}
	return out
}

// attemptPull begins the pull when the breaker, slots and process allow it.
func (in *instance) attemptPull(ctx context.Context, s stream, p *domain.Pull, yield func(domain.PullBatch) bool, out *domain.Outcome) {
	conn := in.connection(p.Connection)
	pass, wait := conn.breaker.allow(out.Began)
	if wait > 0 {
		fail(out, unavailable("breaker_open", "too many calls of this connection in a row had no answer", wait))
		return
	}
	v := vendorNotAsked
	defer func() { conn.breaker.done(in.cfg.Now(), pass, v) }()
	waiting, cancel := context.WithTimeout(ctx, in.cfg.PullIdle)
	defer cancel()
	held, refusal := in.acquire(waiting, conn)
	if refusal != nil {
		fail(out, refusal)
		return
	}
	defer held.release()
	if s, refusal = in.streamNow(held.process.served, s, out); refusal != nil {
		fail(out, refusal)
		return
	}
	r := &reading{in: in, proc: held.process, conn: conn, stream: s, pull: p, yield: yield, out: out}
	r.read(ctx)
	v = judge(ctx, out)
}

// streamNow is the stream as the version that serves the pull declares it, which
// may have come since the pull was checked.
func (in *instance) streamNow(version *served, s stream, out *domain.Outcome) (stream, *domain.ConnectorError) {
	out.ConnectorVersion = version.manifest.Version
	now, known := in.stream(version, s.Name)
	if !known {
		return now, classed(domain.ClassUnsupported, "stream_unknown", fmt.Sprintf("connector %s %s has no stream %q any more", in.name, version.manifest.Version, s.Name))
	}
	return now, nil
}

// reading is one pull under way.
type reading struct {
	in     *instance
	proc   *process
	conn   *connection
	stream stream
	pull   *domain.Pull
	yield  func(domain.PullBatch) bool
	out    *domain.Outcome

	idle                     *time.Timer
	began                    time.Time
	cursor                   []byte // of the last batch
	records, bytes, silences int
}

// errIdle ends a pull of which nothing was heard for too long.
var errIdle = errors.New("no batch came in time")

// read opens the stream, twice when the connector does not know the connection,
// and takes what comes.
func (r *reading) read(ctx context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil) // tells the connector when the pull ends early
	r.began, r.cursor = time.Now(), r.pull.Cursor
	r.idle = time.AfterFunc(r.in.cfg.PullIdle, func() { cancel(errIdle) })
	defer r.idle.Stop()
	req := &connectorpb.PullRequest{
		Connection: r.conn.ref(r.in.env), Stream: r.pull.Stream, Cursor: r.pull.Cursor,
		Limit: int32(min(r.pull.Limit, pullRecords)), Preview: r.pull.Preview,
	}
	answers, first, err := r.open(ctx, req)
	if err == nil && first.GetConnectionUnknown() {
		known, refused := r.in.open(ctx, r.proc, r.conn)
		if refused != nil {
			r.in.log.Warn("connection cannot be opened", "connection", r.conn.id, "error", refused)
			fail(r.out, unavailable("connection_unreadable", "the connection's settings cannot be read now", 0))
			return
		}
		req.Connection = known
		answers, first, err = r.open(ctx, req)
	}
	r.follow(ctx, answers, first, err)
}

// open asks, and waits for the first answer; io.EOF says that there is none.
func (r *reading) open(ctx context.Context, req *connectorpb.PullRequest) (grpc.ServerStreamingClient[connectorpb.PullResponse], *connectorpb.PullResponse, error) {
	answers, err := r.proc.calls.Pull(ctx, req)
	if err != nil {
		return nil, nil, err
	}
	first, err := answers.Recv()
	return answers, first, err
}

// follow takes answer after answer until the pull has ended.
func (r *reading) follow(ctx context.Context, answers grpc.ServerStreamingClient[connectorpb.PullResponse], answer *connectorpb.PullResponse, err error) {
	for {
		switch {
		case errors.Is(err, io.EOF):
			r.out.Class = domain.ClassResult
			return
		case err != nil && errors.Is(context.Cause(ctx), errIdle):
			fail(r.out, unavailable("pull_idle", fmt.Sprintf("the connector gave nothing for %s", r.in.cfg.PullIdle), 0))
			return
		case err != nil:
			r.in.settleLost(ctx, r.proc, r.stream.state, &lostCall{err: err, sent: true}, r.out)
			return
		}
		r.proc.answered.Add(1)
		if !r.take(ctx, answer) {
			return
		}
		answer, err = answers.Recv()
	}
}

// take gives one answer on, and reports whether another shall be read.
func (r *reading) take(ctx context.Context, answer *connectorpb.PullResponse) bool {
	r.idle.Stop() // storing is not the connector's time
	if answer.GetConnectionUnknown() {
		fail(r.out, internal("connection_unknown", "the connector does not take the connection's settings"))
		return false
	}
	if u := answer.GetCredentialUpdate(); u != nil {
		r.in.saveCredential(ctx, r.conn, u)
	}
	if e := answer.GetError(); e != nil {
		fail(r.out, r.in.classed(r.stream.state, e))
		return false
	}
	batch, refusal := r.batch(answer)
	if refusal != nil {
		r.in.log.Error("connector broke its contract: a batch of its stream is not taken",
			"stream", r.pull.Stream, "connection", r.conn.id, "code", refusal.Code, "reason", refusal.Message)
		fail(r.out, refusal)
		return false
	}
	if r.silent(batch) {
		if r.silences++; r.silences > pullSilences {
			fail(r.out, internal("pull_stuck", "the connector says over and over that there is more, and gives neither records nor another cursor"))
			return false
		}
	} else if !r.yield(batch) || r.enough() {
		r.out.Class = domain.ClassResult
		return false
	}
	r.idle.Reset(r.in.cfg.PullIdle)
	return true
}

// silent reports whether an answer says nothing of the stream. One that is only
// there to carry a credential names the position of the last batch, or that at which
// the pull began.
func (r *reading) silent(b domain.PullBatch) bool {
	last := r.cursor
	if len(b.Cursor) > 0 {
		r.cursor = b.Cursor
	}
	if len(b.Records) > 0 || b.CaughtUp {
		return false
	}
	old := len(b.Cursor) == 0 || bytes.Equal(b.Cursor, last) || bytes.Equal(b.Cursor, r.pull.Cursor)
	if old {
		r.cursor = last
	}
	return old
}

// enough reports whether the caller shall ask again from where it is, be it that
// another process of the connector serves by now, or none.
func (r *reading) enough() bool {
	return r.records >= pullRecords || r.bytes >= pullBytes || time.Since(r.began) >= pullFor ||
		r.in.current.Load() != r.proc || !r.in.ready()
}
