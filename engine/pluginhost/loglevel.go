package pluginhost

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/afara-dev/afara/sdk"
)

// setLevel makes the sink pass on what has that level or a higher one, and lets the
// connector know with its next calls: what it does not write cannot be passed on.
func (s *logSink) setLevel(name string) {
	var level slog.Level
	if name == "" || level.UnmarshalText([]byte(name)) != nil {
		s.level.Store(nil)
		return
	}
	s.level.Store(&askedLevel{level: level, name: name})
}

// askedLevel is the level that operators asked for.
type askedLevel struct {
	level slog.Level
	name  string
}

// below reports whether a line is not to be passed on.
func (a *askedLevel) below(l *logLine) bool { return a != nil && l.level < a.level }

// pass gives a line to the host's log. A level that was asked for counts instead of
// the log's own: who asks for debug wants to see it.
func (s *logSink) pass(ctx context.Context, l *logLine) {
	if s.level.Load() == nil {
		s.log.LogAttrs(ctx, l.level, l.message, l.fields...)
		return
	}
	r := slog.NewRecord(time.Now(), l.level, l.message, 0)
	r.AddAttrs(l.fields...)
	_ = s.log.Handler().Handle(ctx, r) // as slog does: there is nowhere to say that logging does not work
}

// asking adds the level to a call.
func (s *logSink) asking(ctx context.Context) context.Context {
	if a := s.level.Load(); a != nil {
		return metadata.AppendToOutgoingContext(ctx, sdk.LogLevelHeader, a.name)
	}
	return ctx
}

func (s *logSink) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return invoke(s.asking(ctx), method, req, reply, cc, opts...)
}

func (s *logSink) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return open(s.asking(ctx), desc, cc, method, opts...)
}
