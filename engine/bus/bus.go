package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config opens a Bus.
type Config struct {
	// URL is where Redis is. Empty means a server inside this process, which
	// keeps nothing when the process ends. Otherwise one of
	//
	//	redis://user:password@host:6379/0
	//	rediss://…                                  the same over TLS
	//	redis+sentinel://user:password@h1:26379,h2:26379/mymaster?db=0
	//	redis+cluster://user:password@h1:6379,h2:6379
	//
	// with rediss+sentinel and rediss+cluster for TLS. Redis 6.2 or newer.
	URL string
	// Log takes what an operator should know; default slog.Default().
	Log *slog.Logger
	// Prefix starts every key; default "afara". Two installations on one Redis
	// need two prefixes.
	Prefix string
	// Group is the consumer group of all streams; default "afara".
	Group string
	// DialTimeout bounds one attempt to connect; default 2 s.
	DialTimeout time.Duration
	// Timeout bounds one command's answer; default 3 s.
	Timeout time.Duration
	// Streams is how many streams this process reads at once at most, so how
	// many connections may be blocked; default 256.
	Streams int
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	c.Prefix = orDefault(c.Prefix, "afara")
	c.Group = orDefault(c.Group, "afara")
	c.DialTimeout = orDefault(c.DialTimeout, 2*time.Second)
	c.Timeout = orDefault(c.Timeout, 3*time.Second)
	c.Streams = orDefault(c.Streams, 256)
	return c
}

// Bus is one process's way to Redis. Its methods may be called from many
// goroutines. Open makes it, Close ends it.
type Bus struct {
	cfg Config
	// cmd answers at once; reader is for reads that block, each of which holds
	// a connection: on one pool they would starve the publishers.
	cmd    redis.UniversalClient
	reader redis.UniversalClient
	server *embedded // nil unless the URL is empty
	live   sync.Map  // consumer names that read now, in this process
}

// Open reads the URL, starts the embedded server when there is none, and
// returns a Bus. It does not wait for Redis: a Redis that is away is a state
// that heals, told by Ping. Only a wrong Config is an error.
func Open(_ context.Context, cfg Config) (*Bus, error) {
	cfg = cfg.withDefaults()
	if strings.ContainsAny(cfg.Prefix, "{}") {
		return nil, fmt.Errorf("bus: prefix %q holds a brace: use letters, digits and colons", cfg.Prefix)
	}
	b := &Bus{cfg: cfg}
	if cfg.URL == "" {
		server, err := startEmbedded()
		if err != nil {
			return nil, err
		}
		b.server = server
	}
	if err := b.connect(cfg); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Embedded reports whether Redis lives in this process and dies with it.
func (b *Bus) Embedded() bool { return b.server != nil }

// Ping asks Redis for an answer now.
func (b *Bus) Ping(ctx context.Context) error {
	if err := b.cmd.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping redis: %w", err)
	}
	return nil
}

// Close ends the connections and the embedded server. Close the subscribers,
// or let the router's Run return, first: what they still hold stays pending.
func (b *Bus) Close() error {
	var errs []error
	if b.reader != nil {
		errs = append(errs, b.reader.Close())
	}
	if b.cmd != nil {
		errs = append(errs, b.cmd.Close())
	}
	if b.server != nil {
		b.server.close()
	}
	return errors.Join(errs...)
}

// StreamKey is the Redis key of a stream, for people and their tools.
func (b *Bus) StreamKey(stream string) string {
	return b.cfg.Prefix + ":{" + stream + "}"
}

func (b *Bus) incarnationKey(stream string) string { return b.StreamKey(stream) + ":incarnation" }
func (b *Bus) malformedKey(stream string) string   { return b.StreamKey(stream) + ":malformed" }

func (b *Bus) wakeKey(stream, consumer string) string {
	return b.StreamKey(stream) + ":wake:" + consumer
}

// checkStream refuses a name that would break the hash tag of its key.
func checkStream(stream string) error {
	if stream == "" {
		return errors.New("bus: stream name is empty: name the connector or the queue")
	}
	if strings.ContainsAny(stream, "{}") {
		return fmt.Errorf("bus: stream name %q holds a brace: leave it out", stream)
	}
	return nil
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}
