package sdk

import (
	"context"
	"log/slog"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// LogLevelHeader is the gRPC metadata of a call with which the engine says from
// which level on it wants to read log lines: debug, info, warn or error. It holds
// for the process until another call says otherwise; before the first one, the
// program's own level does.
const LogLevelHeader = "afara-log-level"

// logLevel is the level of the process's log.
type logLevel struct{ slog.LevelVar }

func newLogLevel(own slog.Level) *logLevel {
	l := new(logLevel)
	l.Set(own)
	return l
}

// hear takes the level that a call asks for. What is no level is not for this
// version of the kit.
func (l *logLevel) hear(ctx context.Context) {
	asked := metadata.ValueFromIncomingContext(ctx, LogLevelHeader)
	if len(asked) == 0 {
		return
	}
	var level slog.Level
	if level.UnmarshalText([]byte(asked[0])) == nil && level != l.Level() {
		l.Set(level)
	}
}

func (l *logLevel) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	l.hear(ctx)
	return handler(ctx, req)
}

func (l *logLevel) stream(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	l.hear(s.Context())
	return handler(srv, s)
}
