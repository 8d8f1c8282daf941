package sdk

import (
	"io"
	"log/slog"
	"os"
	"time"
)

// Option changes how a connector is served. The defaults suit production.
type Option func(*options)

type options struct {
	now         func() time.Time
	logTo       io.Writer
	level       slog.Level
	connections int
	drain       time.Duration
}

func settle(opts []Option) options {
	o := options{
		now:         time.Now,
		logTo:       os.Stderr,
		level:       slog.LevelInfo,
		connections: 1024,
		drain:       10 * time.Second,
	}
	for _, set := range opts {
		set(&o)
	}
	return o
}

// WithClock sets the clock that deadlines are compared with. Default time.Now.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// WithLogLevel sets the lowest level that is logged. Default slog.LevelInfo.
func WithLogLevel(l slog.Level) Option { return func(o *options) { o.level = l } }

// WithLogOutput sets where log lines go. Default standard error, which is where
// the engine reads them. w gets whole lines, one Write each, never at once.
func WithLogOutput(w io.Writer) Option { return func(o *options) { o.logTo = w } }

// WithConnections sets how many connections the process remembers; at least 1.
// The least recently used is forgotten, and told again when needed. Default
// 1024.
func WithConnections(n int) Option { return func(o *options) { o.connections = max(1, n) } }

// WithDrain sets how long calls in flight may go on after the process was told
// to end. Default 10 s.
func WithDrain(d time.Duration) Option { return func(o *options) { o.drain = d } }
