package bus

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/redis/go-redis/v9"
)

// logAdapter passes Watermill's errors to slog and its chatter to debug. It
// drops traces: there are two for each message.
type logAdapter struct{ log *slog.Logger }

func (l logAdapter) Error(msg string, err error, fields watermill.LogFields) {
	l.log.Error("router: "+msg, append(attrs(fields), slog.Any("error", err))...)
}

func (l logAdapter) Info(msg string, fields watermill.LogFields) { l.Debug(msg, fields) }

func (l logAdapter) Debug(msg string, fields watermill.LogFields) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug("router: "+msg, attrs(fields)...)
	}
}

func (logAdapter) Trace(string, watermill.LogFields) {}

func (l logAdapter) With(fields watermill.LogFields) watermill.LoggerAdapter {
	return logAdapter{l.log.With(attrs(fields)...)}
}

func attrs(fields watermill.LogFields) []any {
	out := make([]any, 0, len(fields)+1)
	for _, k := range slices.Sorted(maps.Keys(fields)) {
		out = append(out, slog.Any(k, fields[k]))
	}
	return out
}

// RedirectDriverLog sends what go-redis would write to standard error to log,
// as debug: what matters of it is logged by this package. go-redis has one
// logger per process, so call it once, before the first Open.
func RedirectDriverLog(log *slog.Logger) { redis.SetLogger(driverLog{log}) }

type driverLog struct{ log *slog.Logger }

func (d driverLog) Printf(ctx context.Context, format string, v ...any) {
	if d.log.Enabled(ctx, slog.LevelDebug) {
		d.log.DebugContext(ctx, "go-redis: "+fmt.Sprintf(format, v...))
	}
}
