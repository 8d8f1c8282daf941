package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/afara-dev/afara/engine/domain"
)

// Connections gives the host what a connector needs to know of a connection.
// Its methods are called from many goroutines.
type Connections interface {
	// Secrets answers the present settings (JSON, secrets in clear), the
	// credential (JSON or empty) and the version that both belong to.
	Secrets(ctx context.Context, id domain.ConnectionID) (settings, credential []byte, version int64, err error)
	// SaveCredential replaces the credential if the connection still has the
	// version basedOn. Losing that race to another node is not an error of the
	// call that brought the credential.
	SaveCredential(ctx context.Context, id domain.ConnectionID, basedOn int64, credential []byte) error
}

// Config wires a Host. Zero values of all but Dirs and Connections have a
// default.
type Config struct {
	// Dirs are the folders that hold connectors: <dir>/<name>/manifest.json
	// with an executable named <name> beside it, or, in a folder with a
	// connectors.lock, what that names and nothing else. Required.
	Dirs []string
	// Pins are SHA-256 digests (hex) by connector name. A connector without a
	// pin is pinned to what New finds.
	Pins map[string]string
	// Locked refuses connectors of folders without a connectors.lock.
	Locked bool
	// RunDir is where private copies of executables, sockets and pid files
	// live; made with mode 0700. Default: afara-<uid> in the system's temporary
	// folder. Hosts may share one.
	RunDir string
	// Connections is required.
	Connections Connections
	// Log gets the host's own lines and the connectors'. Default slog.Default().
	Log *slog.Logger
	// Metrics is where the host registers its collectors; nil: nowhere.
	Metrics prometheus.Registerer
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Env is added to every connector's environment, as KEY=VALUE. The host's
	// own environment is never passed on, but for TZ, certificate files and
	// proxies.
	Env []string

	StartTimeout time.Duration // from fork to a compared manifest; default 10 s
	ProbeEvery   time.Duration // between health probes; default 2 s
	ProbeTimeout time.Duration // of one health probe; default 2 s
	ProbeMisses  int           // in a row before a kill; default 3
	DrainTimeout time.Duration // for calls in flight when an operator ends or replaces a process; default 30 s
	StopGrace    time.Duration // from SIGTERM to SIGKILL; default 5 s
	RestartMin   time.Duration // first delay after a crash; default 100 ms
	RestartMax   time.Duration // longest delay, and that of a crash loop; default 30 s
	QuietAfter   time.Duration // running so long forgets earlier crashes; default 1 min
	CrashLoop    int           // crashes without a quiet time that make a loop; default 5

	// Limits are those of each connector's process.
	Limits Limits

	PullIdle time.Duration // for the next batch of a pull; default 1 min

	MaxInFlight      int // calls per instance; default 1024, less if the manifest says so
	MaxPerConnection int // calls per connection; default 1024
	MaxAnswerBytes   int // one gRPC answer; default 8 MiB

	BreakerFailures int           // failures in a row that open a breaker; default 10
	BreakerOpen     time.Duration // first time open, doubling to 12 times; default 5 s
}

func (c Config) withDefaults() (Config, error) {
	if len(c.Dirs) == 0 {
		return c, errors.New("pluginhost: Dirs: at least one folder of connectors is needed; name one")
	}
	if c.Connections == nil {
		return c, errors.New("pluginhost: Connections: required; pass the store of connections")
	}
	if c.RunDir == "" {
		c.RunDir = filepath.Join(os.TempDir(), fmt.Sprintf("afara-%d", os.Getuid()))
	}
	for _, kv := range c.Env {
		name, _, ok := strings.Cut(kv, "=")
		if !ok || name == "" || strings.HasPrefix(name, "PLUGIN_") || strings.HasPrefix(name, "AFARA_PLUGIN") {
			return c, fmt.Errorf("pluginhost: Env: %q must be NAME=VALUE with a name that does not begin with PLUGIN_ or AFARA_PLUGIN; change it", name)
		}
	}
	abs, err := filepath.Abs(c.RunDir)
	if err != nil {
		return c, fmt.Errorf("pluginhost: RunDir: %w", err)
	}
	c.RunDir = abs
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Limits = c.Limits.withDefaults()
	orDefault(&c.StartTimeout, 10*time.Second)
	orDefault(&c.ProbeEvery, 2*time.Second)
	orDefault(&c.ProbeTimeout, 2*time.Second)
	orDefault(&c.ProbeMisses, 3)
	orDefault(&c.DrainTimeout, 30*time.Second)
	orDefault(&c.StopGrace, 5*time.Second)
	orDefault(&c.RestartMin, 100*time.Millisecond)
	orDefault(&c.RestartMax, 30*time.Second)
	orDefault(&c.QuietAfter, time.Minute)
	orDefault(&c.CrashLoop, 5)
	orDefault(&c.PullIdle, time.Minute)
	orDefault(&c.MaxInFlight, 1024)
	orDefault(&c.MaxPerConnection, 1024)
	orDefault(&c.MaxAnswerBytes, 8<<20)
	orDefault(&c.BreakerFailures, 10)
	orDefault(&c.BreakerOpen, 5*time.Second)
	return c, nil
}

func orDefault[T int | time.Duration](v *T, def T) {
	if *v <= 0 {
		*v = def
	}
}
