package sdk

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	hclog "github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

// Serve is the main of a connector's program. It serves the connector to the
// engine that started the process and returns when the engine ended it; calls
// in flight may finish first. When the connector cannot be served, because the
// manifest is wrong or does not match what the connector implements, Serve says
// why on standard error and exits with status 1.
//
// From its first line on, nothing but the handshake reaches the engine on
// standard output: what is written there comes out as a log line. The process
// ends by itself when its parent has died.
func Serve(c Describer, opts ...Option) {
	if err := serve(c, settle(opts)); err != nil {
		fmt.Fprintln(os.Stderr, "connector:", err)
		os.Exit(1)
	}
}

func serve(c Describer, o options) error {
	std, err := guardStdout()
	if err != nil {
		return fmt.Errorf("guard standard output: %w", err)
	}
	s, err := newServer(c, o)
	if err != nil {
		return err
	}
	if os.Getenv(cookieKey) != cookieValue {
		return fmt.Errorf("%s %s is an Afara connector: the engine starts it, a person does not; put it into the engine's plugin folder",
			s.manifest.Name, s.manifest.Version)
	}
	slog.SetDefault(s.log)
	std.logTo(s.log)
	go watchParent(os.Getppid(), os.Getppid, time.NewTicker(time.Second).C, func() {
		s.log.Error("the engine is gone; ending")
		os.Exit(1)
	})
	d := newDrain(s.log, o.drain)
	handshake := Handshake()
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         PluginSet(s),
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: s.lines, JSONFormat: true}),
		GRPCServer: func(with []grpc.ServerOption) *grpc.Server {
			return newGRPCServer(with, d, std, s.level)
		},
	})
	return nil
}

// streamWorkers is how many goroutines take calls one after another. A call that
// finds none of them free gets its own, whose stack then has to grow again.
const streamWorkers = 32

// newGRPCServer is made before the handshake is written.
func newGRPCServer(with []grpc.ServerOption, d *drain, std *stdout, l *logLevel) *grpc.Server {
	g := grpc.NewServer(append(with,
		grpc.MaxRecvMsgSize(MaxMessageBytes),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.StatsHandler(drainStats{d}),
		grpc.ChainUnaryInterceptor(std.unary, d.unary, l.unary),
		grpc.ChainStreamInterceptor(std.stream, d.stream, l.stream),
	)...)
	d.attach(g)
	return g
}
