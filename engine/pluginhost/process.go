package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	plugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// process is one running connector. A restart makes a new one.
type process struct {
	served  *served       // the version that it is
	slots   chan struct{} // of the calls that it may have at once
	run     *childRunner
	client  *plugin.Client
	dir     *startDir
	calls   connectorpb.ConnectorClient
	health  healthpb.HealthClient
	started time.Time
	// isolation is what was in force when it began to serve; nil where that cannot
	// be told.
	isolation *Isolation

	inFlight atomic.Int64
	answered atomic.Int64
	closing  atomic.Bool // the host ends it on purpose: no crash

	mu      sync.Mutex
	atDeath int64 // calls in flight when it died
}

// launchSpec is all that the start of a process needs.
type launchSpec struct {
	executable string
	env        []string
	timeout    time.Duration
	maxAnswer  int
	same       func(manifest []byte) error
	dir        *startDir
	launch     *launcher
	limits     Limits
	cages      *cages
	sink       *logSink
	now        func() time.Time
}

// errIncompatible is wrapped by what no restart heals.
var errIncompatible = errors.New("incompatible")

// startProcess brings a connector to where calls can go out: forked, connected
// and described as its manifest says. On any error nothing of it is left.
func startProcess(s launchSpec) (*process, error) {
	p := &process{dir: s.dir, started: s.now()}
	p.run = newChildRunner(&s)
	p.client = plugin.NewClient(s.clientConfig(p.run))
	// go-plugin's own waits have no end when the process freezes; killing it
	// ends them all.
	var late atomic.Bool
	watchdog := time.AfterFunc(s.timeout, func() { late.Store(true); p.run.kill("did not start in time") })
	defer watchdog.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	err := p.connect(ctx, s.same)
	if err == nil {
		p.run.limit()
		p.isolation = p.run.isolationOf()
		return p, nil
	}
	p.end("start did not succeed", 0, s.sink)
	if err = p.explain(err); late.Load() && !errors.Is(err, errIncompatible) {
		err = fmt.Errorf("it did not start within %s: %w", s.timeout, err)
	}
	return nil, err
}

func (s *launchSpec) command() *exec.Cmd {
	return &exec.Cmd{
		Path: s.executable, Args: []string{s.executable}, // never anything from outside
		Dir: s.dir.path, SysProcAttr: ownGroup(),
		// Stdin stays nil, which is the null device.
	}
}

func (s *launchSpec) clientConfig(run *childRunner) *plugin.ClientConfig {
	out := &stray{sink: s.sink}
	return &plugin.ClientConfig{
		HandshakeConfig:  sdk.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{sdk.ProtocolVersion: sdk.PluginSet(nil)},
		RunnerFunc: func(_ hclog.Logger, spec *exec.Cmd, _ string) (runner.Runner, error) {
			run.cmd.Env = append(s.env, spec.Env...)
			return run, nil
		},
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: s.dir.sockets},
		SkipHostEnv:      true,
		AutoMTLS:         true,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		StartTimeout:     s.timeout + time.Second, // the watchdog comes first
		Logger:           hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
		SyncStdout:       out,
		SyncStderr:       out,
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(s.maxAnswer)),
			grpc.WithDisableRetry(),
			grpc.WithDisableServiceConfig(),
			grpc.WithIdleTimeout(0),
			// Windows that are given are not sought with a ping per answer.
			grpc.WithStaticStreamWindowSize(1 << 20),
			grpc.WithStaticConnWindowSize(8 << 20),
			grpc.WithChainUnaryInterceptor(s.sink.unary),
			grpc.WithChainStreamInterceptor(s.sink.stream),
		},
	}
}

func (p *process) connect(ctx context.Context, same func([]byte) error) error {
	protocol, err := p.client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense(sdk.PluginName)
	if err != nil {
		return err
	}
	grpcClient, isGRPC := protocol.(*plugin.GRPCClient)
	calls, isConnector := raw.(connectorpb.ConnectorClient)
	if !isGRPC || !isConnector {
		return errors.New("not a gRPC connector")
	}
	p.calls, p.health = calls, healthpb.NewHealthClient(grpcClient.Conn)
	said, err := p.calls.Describe(ctx, &connectorpb.DescribeRequest{})
	if err != nil {
		return fmt.Errorf("describe: %w", err)
	}
	if err := same(said.GetManifest()); err != nil {
		return fmt.Errorf("%w: %w", errIncompatible, err)
	}
	return nil
}

// explain words why a start went wrong by what the process did, which says
// more than what go-plugin saw of it.
func (p *process) explain(err error) error {
	if errors.Is(err, errIncompatible) {
		return err
	}
	if noise := p.run.noise.Load(); noise != nil {
		return fmt.Errorf("it printed %s on stdout before the handshake; a connector logs to stderr", *noise)
	}
	if v := p.run.protocol.Load(); v != nil && *v != strconv.Itoa(sdk.ProtocolVersion) {
		return fmt.Errorf("%w: it speaks version %.20s of the connector contract, the host speaks %d; install a build for this engine",
			errIncompatible, *v, sdk.ProtocolVersion)
	}
	if !p.hasExited() {
		return err
	}
	how := p.run.ended()
	if how.outOfMemory() {
		return fmt.Errorf("%w: %w (the process %s)", errMemory, err, how)
	}
	return fmt.Errorf("%w (the process %s)", err, how)
}

// died notes how many calls were in flight when somebody saw the process dead,
// and answers the most that anybody saw. A caller counts itself out only after
// it has noted, so nobody who fell with others takes himself for alone.
func (p *process) died(inFlight int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.atDeath = max(p.atDeath, inFlight)
	return p.atDeath
}

// end is the end recipe: SIGTERM to the group, SIGKILL after the grace, and
// nothing left of it on return. Calls in flight were drained before.
func (p *process) end(why string, grace time.Duration, sink *logSink) {
	if p.run.forked.Load() {
		if grace > 0 {
			p.run.signal(syscall.SIGTERM)
			p.exitedWithin(grace)
		}
		p.run.kill(why)
		if p.exitedWithin(killAlarm) {
			<-p.run.quiet // its last words come before the end of this
		} else {
			sink.log.Error("connector does not die: it waits in the kernel", "pid", p.run.pid())
		}
	}
	p.release(sink)
}

// killAlarm is how long a killed process and go-plugin's clean-up may take.
const killAlarm = 5 * time.Second

func (p *process) exitedWithin(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.run.exited:
		return true
	case <-t.C:
		return false
	}
}

// release lets go-plugin clean up and removes the start's folder. Kill has
// calls without a deadline in it; the process is dead, so they end at once,
// and if not, only this goroutine hangs.
func (p *process) release(sink *logSink) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.client.Kill()
	}()
	t := time.NewTimer(killAlarm)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
		sink.log.Error("go-plugin does not let go of an ended connector")
	}
	if err := p.dir.remove(); err != nil && !errors.Is(err, os.ErrNotExist) {
		sink.log.Warn("connector's folder stays", "error", err)
	}
}

func (p *process) hasExited() bool { return p.run.hasExited() }
