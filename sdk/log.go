package sdk

import (
	"context"
	"log/slog"
	"sync"
)

type logKey struct{}

// Log gives the logger of the call that ctx belongs to: its lines carry
// operation, connection and message. Outside a call it is slog.Default.
func Log(ctx context.Context) *slog.Logger {
	if log, ok := ctx.Value(logKey{}).(callLog); ok {
		return log()
	}
	return slog.Default()
}

// callLog makes the logger of a call once it is asked for: most calls write no
// line, and masking what all lines carry costs as much as a small call.
type callLog func() *slog.Logger

func (s *server) callLog(args ...any) callLog {
	return sync.OnceValue(func() *slog.Logger { return s.log.With(args...) })
}

func withLog(ctx context.Context, log callLog) context.Context {
	return context.WithValue(ctx, logKey{}, log)
}
