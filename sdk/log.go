package sdk

import (
	"context"
	"log/slog"
)

type logKey struct{}

// Log gives the logger of the call that ctx belongs to: its lines carry
// operation, connection and message. Outside a call it is slog.Default.
func Log(ctx context.Context) *slog.Logger {
	if log, ok := ctx.Value(logKey{}).(*slog.Logger); ok {
		return log
	}
	return slog.Default()
}

func withLog(ctx context.Context, log *slog.Logger) context.Context {
	return context.WithValue(ctx, logKey{}, log)
}
