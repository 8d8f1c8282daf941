package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// stdout is the real one, which go-plugin takes away from os.Stdout.
var stdout = os.NewFile(1, "stdout")

// serve does by hand what sdk.Serve does, so that each part can be left out.
func serve(c connector) error {
	impl, err := sdk.NewServer(c)
	if err != nil {
		return err
	}
	misbehaveAtStart()
	if mode != "end.parent" {
		go watchParent(os.Getppid())
	}
	calls := &inFlight{}
	plugins := map[int]plugin.PluginSet{1: sdk.PluginSet(&server{ConnectorServer: impl})}
	if mode == "start.versions" {
		plugins[99] = plugins[1]
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: sdk.Handshake(), VersionedPlugins: plugins,
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
		GRPCServer: func(with []grpc.ServerOption) *grpc.Server {
			go calls.endOnSignal()
			return grpc.NewServer(append(with, grpc.MaxRecvMsgSize(maxMessage()), grpc.UnaryInterceptor(calls.unary))...)
		},
	})
	return nil
}

func maxMessage() int {
	switch mode {
	case "size.big":
		return 4 << 20
	case "size.too_big":
		return 4 * sdk.MaxMessageBytes
	}
	return sdk.MaxMessageBytes
}

func misbehaveAtStart() {
	handshake := sdk.Handshake()
	byHand := os.Getenv(handshake.MagicCookieKey) == ""
	switch {
	case mode == "start.handshake":
		fmt.Println("hello, I am a connector")
	case mode == "start.by_hand" && byHand:
		<-time.After(time.Minute)
	case mode == "end.group" && !byHand:
		child := exec.Command("/bin/sleep", "60")
		if err := child.Start(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

func watchParent(first int) {
	for range time.Tick(100 * time.Millisecond) {
		if os.Getppid() != first {
			os.Exit(1)
		}
	}
}

// inFlight lets calls finish before the process ends.
type inFlight struct {
	mu sync.RWMutex // held for reading by calls
}

const connectorCalls = "/" + "afara.connector.v1.Connector/"

func (f *inFlight) unary(ctx context.Context, in any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	switch {
	case mode == "end.shutdown" && strings.HasSuffix(info.FullMethod, "/Shutdown"):
		return nil, status.Error(codes.Unimplemented, "there is no such call")
	case mode == "start.health" && info.FullMethod == healthpb.Health_Check_FullMethodName:
		return &healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_NOT_SERVING}, nil
	case !strings.HasPrefix(info.FullMethod, connectorCalls) || info.FullMethod == connectorpb.Connector_Describe_FullMethodName:
		return next(ctx, in)
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	return next(ctx, in)
}

// answerTime is for the last answer to leave.
const answerTime = 100 * time.Millisecond

func (f *inFlight) endOnSignal() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	for range signals {
		switch mode {
		case "end.sigterm":
			continue
		case "end.drain":
			os.Exit(1)
		}
		f.mu.Lock()
		<-time.After(answerTime)
		os.Exit(0)
	}
}
