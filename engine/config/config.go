package config

import (
	"log/slog"
	"time"

	"github.com/afara-dev/afara/engine/secret"
)

// Config is every setting of `afara serve`. Its tags are for kong: it can be
// embedded in a command, whose parser needs Options. After parsing it does not
// change. Its secrets print as "[set]".
type Config struct {
	File      string   `name:"config" help:"YAML file of settings: flag names without dashes in front, one per line." var:"AFARA_CONFIG" placeholder:"FILE"`
	Listen    string   `help:"Address of the HTTP API and console." default:"127.0.0.1:8080" var:"AFARA_LISTEN" placeholder:"HOST:PORT"`
	PublicURL string   `name:"public-url" help:"Base URL under which vendors reach this installation, for their webhooks." var:"AFARA_PUBLIC_URL" placeholder:"URL"`
	Roles     []string `help:"What this node does: api, worker, delivery." default:"api,worker,delivery" var:"AFARA_ROLES" placeholder:"ROLE,..."`

	DataDir     string        `name:"data-dir" help:"Directory of the embedded database, its master key and plugin state." default:"./data" var:"AFARA_DATA_DIR" placeholder:"DIR"`
	DatabaseURL secret.Masked `name:"database-url" help:"sqlite:PATH or postgres://... ." default:"sqlite:./data/afara.db" var:"AFARA_DATABASE_URL" placeholder:"URL"`
	RedisURL    secret.Masked `name:"redis-url" help:"redis://, rediss://, Sentinel or Cluster URL; empty for the embedded server." var:"AFARA_REDIS_URL" placeholder:"URL"`
	Synchronous string        `help:"When SQLite syncs: FULL at every commit, NORMAL at checkpoints (a power cut may then lose the last commits)." enum:"FULL,NORMAL" default:"FULL" var:"AFARA_SYNCHRONOUS" placeholder:"MODE"`
	MasterKey   secret.Masked `name:"master-key" help:"Base64 of 32 bytes that seal secrets, or id:base64,id2:base64 with the current key first. Generated for the embedded database only." var:"AFARA_MASTER_KEY" placeholder:"KEY"`

	PluginDirs        []string      `name:"plugin-dirs" help:"Directories that hold connectors." default:"./plugins" var:"AFARA_PLUGIN_DIRS" placeholder:"DIR,..."`
	ConnectorsLocked  bool          `name:"connectors-locked" help:"Run only what a connectors.lock names: refuse directories without one." var:"AFARA_CONNECTORS_LOCKED"`
	DrainTimeout      time.Duration `name:"drain-timeout" help:"How long calls in flight may take when a connector's process is replaced or ended; what is cut then is looked up." default:"30s" var:"AFARA_DRAIN_TIMEOUT" placeholder:"DURATION"`
	Pool              int           `help:"Messages in flight per connector." default:"1024" var:"AFARA_POOL" placeholder:"N"`
	PerConnection     int           `name:"per-connection" help:"Messages in flight per connection." default:"1024" var:"AFARA_PER_CONNECTION" placeholder:"N"`
	ConnectorMemory   int           `name:"connector-memory-mb" help:"Memory of one connector in MiB: in a cgroup the kernel ends it there; everywhere, no process of it can map 256 MiB more than that." default:"512" var:"AFARA_CONNECTOR_MEMORY_MB" placeholder:"MIB"`
	ConnectorFiles    int           `name:"connector-files" help:"Files and sockets that one connector's process may have open." default:"4096" var:"AFARA_CONNECTOR_FILES" placeholder:"N"`
	ConnectorProcs    int           `name:"connector-processes" help:"Processes and threads of one connector, where the engine may make cgroups." default:"512" var:"AFARA_CONNECTOR_PROCESSES" placeholder:"N"`
	Window            int           `help:"Unclaimed envelopes per stream on the bus; the rest waits in the database." default:"2000" var:"AFARA_WINDOW" placeholder:"N"`
	LeaseMargin       time.Duration `name:"lease-margin" help:"How much a claim outlives the deadlines of its calls." default:"30s" var:"AFARA_LEASE_MARGIN" placeholder:"DURATION"`
	MaxAttempts       int           `name:"max-attempts" help:"Attempts that a connector's own faults may spend before a message is held." default:"5" var:"AFARA_MAX_ATTEMPTS" placeholder:"N"`
	HoldAfter         time.Duration `name:"hold-after" help:"How long a message may wait since its first attempt before it is held." default:"72h" var:"AFARA_HOLD_AFTER" placeholder:"DURATION"`
	BacklogLimit      int           `name:"backlog-limit" help:"Unfinished messages per environment above which intake answers 429." default:"10000" var:"AFARA_BACKLOG_LIMIT" placeholder:"N"`
	BacklogTotal      int           `name:"backlog-total" help:"Unfinished messages in all above which intake answers 429." default:"100000" var:"AFARA_BACKLOG_TOTAL" placeholder:"N"`
	MaxBody           int64         `name:"max-body" help:"Largest request body in bytes, at most 1048576." default:"1048576" var:"AFARA_MAX_BODY" placeholder:"BYTES"`
	ShutdownTimeout   time.Duration `name:"shutdown-timeout" help:"How long a stop waits for what is in flight." default:"30s" var:"AFARA_SHUTDOWN_TIMEOUT" placeholder:"DURATION"`
	CallbackInFlight  int           `name:"callback-in-flight" help:"Callbacks in flight on this node." default:"256" var:"AFARA_CALLBACK_IN_FLIGHT" placeholder:"N"`
	CallbackTimeoutMS int           `name:"callback-timeout-ms" help:"Milliseconds for a whole callback request." default:"5000" var:"ONBOARDING_CALLBACK_TIMEOUT_MS" placeholder:"MS"`
	CallbackAllowHTTP bool          `name:"callback-allow-http" help:"Let callbacks go to http URLs; else https only." var:"ONBOARDING_CALLBACK_ALLOW_HTTP"`
	CallbackAllowlist []string      `name:"callback-allowlist" help:"Hosts that sandbox callbacks and test callbacks may go to, each with port and path prefix if wanted (hooks.example.com:8443/in); empty for none." var:"ONBOARDING_CALLBACK_ALLOWLIST" placeholder:"HOST,..."`
	CallbackCIDRs     []string      `name:"callback-allow-cidrs" help:"Reserved networks that callbacks may reach all the same, e.g. 10.20.0.0/16 for receivers inside your own network." var:"AFARA_CALLBACK_ALLOW_CIDRS" placeholder:"CIDR,..."`
	HeaderPrefix      string        `name:"callback-header-prefix" help:"Begins the names of the headers of the payload format afara: X- gives X-Signature." default:"X-" var:"AFARA_CALLBACK_HEADER_PREFIX" placeholder:"PREFIX"`
	RetainEvents      time.Duration `name:"retain-events" help:"How long events are kept, with their deliveries and attempts; one that is still to be delivered is kept longer." default:"720h" var:"AFARA_RETAIN_EVENTS" placeholder:"DURATION"`

	RetainRecords time.Duration `name:"retain-records" help:"How long records of connectors' streams are kept since they were stored last." default:"8760h" var:"AFARA_RETAIN_RECORDS" placeholder:"DURATION"`

	PaymentPollAfter time.Duration `name:"payment-poll-after" help:"When an operator is asked what became of a payment of which it has pushed nothing; later again and again, up to every minute." default:"15s" var:"AFARA_PAYMENT_POLL_AFTER" placeholder:"DURATION"`

	LogLevel  slog.Level `name:"log-level" help:"debug, info, warn or error." default:"info" var:"AFARA_LOG_LEVEL" placeholder:"LEVEL"`
	LogFormat string     `name:"log-format" help:"text or json." enum:"text,json" default:"text" var:"AFARA_LOG_FORMAT" placeholder:"FORMAT"`
	Metrics   bool       `help:"Serve Prometheus metrics at /metrics." default:"true" negatable:"" var:"AFARA_METRICS"`
	Pprof     string     `help:"Loopback address of Go's profiler; empty for none." var:"AFARA_PPROF" placeholder:"HOST:PORT"`
}

// Roles of a node.
const (
	RoleAPI      = "api"
	RoleWorker   = "worker"
	RoleDelivery = "delivery"
)

// CallbackTimeout bounds a whole callback request.
func (c *Config) CallbackTimeout() time.Duration {
	return time.Duration(c.CallbackTimeoutMS) * time.Millisecond
}

// Has reports whether the node has that role.
func (c *Config) Has(role string) bool {
	for _, r := range c.Roles {
		if r == role {
			return true
		}
	}
	return false
}
