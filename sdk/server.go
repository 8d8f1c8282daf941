package sdk

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/internal/began"
)

// server is the connector as the engine sees it. It is safe for concurrent use.
type server struct {
	connectorpb.UnimplementedConnectorServer

	connector   Describer
	manifest    *schemas.Manifest
	handlers    map[string]Handler
	effects     map[string]bool
	inputs      map[string]validator
	settings    validator
	connections *connectionCache
	masker      *masker
	now         func() time.Time
	lines       *lineWriter
	log         *slog.Logger
	level       *logLevel
}

// NewServer checks the connector against its manifest and makes the server of
// its five calls. Serve does this for a plugin process; NewServer is for tests
// and for hosts in the same process.
func NewServer(c Describer, opts ...Option) (connectorpb.ConnectorServer, error) {
	return newServer(c, settle(opts))
}

func newServer(c Describer, o options) (*server, error) {
	handlers := handlersOf(c)
	m, err := checkManifest(c, handlers)
	if err != nil {
		return nil, err
	}
	cache := newConnectionCache(o.connections)
	mask := newMasker(cache)
	lines, level := &lineWriter{w: o.logTo}, newLogLevel(o.level)
	return &server{
		connector: c, manifest: m, handlers: handlers, effects: effects(m),
		inputs: inputs(m), settings: foreign(m.Settings),
		connections: cache, masker: mask, now: o.now,
		lines: lines, log: slog.New(newLogHandler(lines, level, o.now, mask)), level: level,
	}, nil
}

// Describe answers the manifest.
func (s *server) Describe(context.Context, *connectorpb.DescribeRequest) (*connectorpb.DescribeResponse, error) {
	return &connectorpb.DescribeResponse{Manifest: s.connector.Manifest()}, nil
}

// connection gives the call's own view of the connection that it names; nil
// when this process has to be told its settings first.
func (s *server) connection(in *connectorpb.Connection) (*Connection, error) {
	if in.GetId() == "" {
		return nil, status.Error(codes.InvalidArgument, "connection: id is missing")
	}
	c := &Connection{ID: in.Id, Version: in.Version, Environment: in.Environment}
	if len(in.Settings) == 0 {
		c.held = s.connections.get(in.Id, in.Version)
	} else {
		c.held = s.connections.put(in.Id, in.Version, s.hold(in))
	}
	if c.held == nil {
		return nil, nil
	}
	return c, nil
}

func (s *server) hold(in *connectorpb.Connection) *heldConnection {
	return &heldConnection{
		faults:     sync.OnceValue(func() error { return s.settingsFault(in.Settings) }),
		settings:   in.Settings,
		credential: in.Credential,
		secrets:    secretsOf(s.manifest.Settings, in.Settings, in.Credential),
	}
}

// guarded runs one handler under the call's tracker and logger. A panic becomes
// an error, and nothing the handler left behind can begin an effect afterwards.
func (s *server) guarded(ctx context.Context, log callLog, t *began.Tracker, f func(context.Context) error) *Error {
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				log().ErrorContext(ctx, "handler panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				err = Internalf("panic", "the connector panicked: %v", p)
			}
		}()
		return f(withLog(began.With(ctx, t), log))
	}()
	begun := t.End()
	if err == nil {
		return nil
	}
	return s.classed(ctx, err, begun)
}
