package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	goplugin "github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

const (
	startLimit = 10 * time.Second
	// endLimit is what a host grants between asking and killing.
	endLimit = 5 * time.Second
	// shutdownCall is the way of go-plugin to ask a process to end.
	shutdownCall = "/plugin.GRPCController/Shutdown"
)

// process is one running connector.
type process struct {
	run    *runner
	client *plugin.Client
	conn   *grpc.ClientConn
	calls  connectorpb.ConnectorClient
	health healthpb.HealthClient
	dir    string
}

// startProcess starts the program as a host does: nothing in its environment, a
// folder and a process group of its own, mutual TLS. versions are the contract's
// versions that are offered.
func startProcess(binary string, versions ...int) (*process, error) {
	dir, err := os.MkdirTemp("", "ck-") // short: a socket's address has little room
	if err != nil {
		return nil, err
	}
	p := &process{dir: dir, run: newRunner(&exec.Cmd{Path: binary, Args: []string{binary}, Dir: dir})}
	offered := map[int]plugin.PluginSet{}
	for _, v := range versions {
		offered[v] = sdk.PluginSet(nil)
	}
	p.client = plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  sdk.Handshake(),
		VersionedPlugins: offered,
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, _ string) (goplugin.Runner, error) {
			p.run.cmd.Env = spec.Env
			return p.run, nil
		},
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: dir},
		SkipHostEnv:      true,
		AutoMTLS:         true,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		StartTimeout:     startLimit + time.Second, // the watchdog comes first
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
		SyncStdout:       &p.run.stdout,
		SyncStderr:       &p.run.stderr,
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(2 * sdk.MaxMessageBytes)),
			grpc.WithDisableRetry(), grpc.WithIdleTimeout(0),
		},
	})
	if err := p.connect(); err != nil {
		p.kill()
		return nil, p.explain(err)
	}
	return p, nil
}

func (p *process) connect() error {
	watchdog := time.AfterFunc(startLimit, func() { p.run.signal(syscall.SIGKILL) })
	defer watchdog.Stop()
	wire, err := p.client.Client()
	if err != nil {
		return err
	}
	dispensed, err := wire.Dispense(sdk.PluginName)
	if err != nil {
		return err
	}
	client, isGRPC := wire.(*plugin.GRPCClient)
	calls, isConnector := dispensed.(connectorpb.ConnectorClient)
	if !isGRPC || !isConnector {
		return errors.New("it is no gRPC connector")
	}
	p.conn, p.calls, p.health = client.Conn, calls, healthpb.NewHealthClient(client.Conn)
	return nil
}

// explain adds what the process did, which tells more than go-plugin's words.
func (p *process) explain(err error) error {
	line := ""
	select {
	case line = <-p.run.first:
	default:
	}
	return fmt.Errorf("%w (first line on standard output: %q; the process: %s; standard error: %q)",
		err, shorten(line), p.run.how(), shorten(p.run.stderr.String()))
}

func (p *process) alive() bool {
	select {
	case <-p.run.died:
		return false
	default:
		return true
	}
}

// kill ends the process and all that it started, and cleans up.
func (p *process) kill() {
	p.run.signal(syscall.SIGKILL)
	if pid := p.run.pid(); pid != 0 {
		p.run.endsWithin(endLimit)
		_ = signalGroup(pid, syscall.SIGKILL) // what it left behind, if anything
	}
	p.client.Kill() // the process is gone: nothing of this waits
	_ = os.RemoveAll(p.dir)
}

// shutdown asks the process to end as go-plugin does.
func (p *process) shutdown(ctx context.Context) error {
	return p.conn.Invoke(ctx, shutdownCall, &emptypb.Empty{}, &emptypb.Empty{})
}
