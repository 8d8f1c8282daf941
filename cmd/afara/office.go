package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/afara-dev/afara/engine"
	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/config"
	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pull"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/telemetry"
	"github.com/afara-dev/afara/engine/tenant"
)

// installation names the database that a command works on and the key that
// opens its secrets. The settings are those of `afara serve`, of which an
// administrator needs these alone.
type installation struct {
	File        string        `name:"config" help:"YAML file of settings, the one of afara serve." var:"AFARA_CONFIG" placeholder:"FILE" group:"Installation:"`
	DataDir     string        `name:"data-dir" help:"Directory of the embedded database's master key." default:"./data" var:"AFARA_DATA_DIR" placeholder:"DIR" group:"Installation:"`
	DatabaseURL secret.Masked `name:"database-url" help:"sqlite:PATH or postgres://... ." default:"sqlite:./data/afara.db" var:"AFARA_DATABASE_URL" placeholder:"URL" group:"Installation:"`
	MasterKey   secret.Masked `name:"master-key" help:"The key of afara serve; the embedded database has its own." var:"AFARA_MASTER_KEY" placeholder:"KEY" group:"Installation:"`
}

// catalog says which connectors are installed.
type catalog struct {
	PluginDirs []string `name:"plugin-dirs" help:"Directories that hold connectors." default:"./plugins" var:"AFARA_PLUGIN_DIRS" placeholder:"DIR,..." group:"Installation:"`
}

func (i *installation) embedded() bool {
	return strings.HasPrefix(i.DatabaseURL.Reveal(), "sqlite:")
}

// keyring opens the keys of an installation; only the embedded database may
// have its key made here.
func (i *installation) keyring() (*secret.Keyring, error) {
	if !i.MasterKey.IsSet() && !i.embedded() {
		return nil, errors.New("master-key: is required with PostgreSQL: give AFARA_MASTER_KEY as afara serve has it")
	}
	return engine.Keyring(&config.Config{DataDir: i.DataDir, MasterKey: i.MasterKey})
}

// openStore opens the database beside a node that may be running.
func (i *installation) openStore(ctx context.Context, log *slog.Logger) (*store.Store, error) {
	return store.Open(ctx, i.storeConfig(log))
}

func (i *installation) storeConfig(log *slog.Logger) store.Config {
	return store.Config{URL: i.DatabaseURL.Reveal(), Admin: true, MaxConns: 4, Writers: 1, Log: log}
}

// office is what administrative commands work with.
type office struct {
	store   *store.Store
	applier *store.Applier
	tenants *tenant.Service
	keyring *secret.Keyring
	log     *slog.Logger
}

// open opens the installation and proves its key before anything is sealed.
func (i *installation) open(ctx context.Context, p program) (*office, error) {
	// What goes wrong is the command's error; lines beside it would only repeat it.
	log, err := telemetry.NewLogger(p.err, "text", slog.LevelError)
	if err != nil {
		return nil, err
	}
	keyring, err := i.keyring()
	if err != nil {
		return nil, err
	}
	o := &office{keyring: keyring, log: log}
	if o.store, err = i.openStore(ctx, log); err != nil {
		return nil, err
	}
	o.applier = store.NewApplier(o.store)
	audit.Register(o.applier)
	pull.Register(o.applier)
	corridor.Register(o.applier)
	ledger.Register(o.applier)
	o.tenants, err = tenant.New(tenant.Config{Store: o.store, Keyring: keyring, Applier: o.applier})
	if err == nil {
		err = o.tenants.CheckKeys(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, o.store.Close())
	}
	return o, nil
}

// with opens the office for one piece of business.
func (i *installation) with(ctx context.Context, p program, do func(*office) error) error {
	o, err := i.open(ctx, p)
	if err != nil {
		return err
	}
	return errors.Join(do(o), o.store.Close())
}

// connections opens the registry of connections over the installed connectors.
// The caller closes the host.
func (o *office) connections(c catalog) (*registry.Service, *pluginhost.Host, error) {
	late := &lateConnections{}
	host, err := pluginhost.New(pluginhost.Config{Dirs: c.PluginDirs, Connections: late, Log: o.log})
	if err != nil {
		return nil, nil, err
	}
	r, err := registry.New(registry.Config{Store: o.store, Applier: o.applier, Keyring: o.keyring, Manifests: host, Log: o.log, Gone: engine.Gone()})
	late.Service = r
	return r, host, err
}

// pulls asks for reads of streams; the nodes do them.
func (o *office) pulls(r *registry.Service, host *pluginhost.Host) (*pull.Service, error) {
	return pull.New(pull.Config{Store: o.store, Applier: o.applier, Connectors: host, Connections: engine.PulledConnections{Service: r}, Node: operator, Log: o.log})
}

// lateConnections lets the connector host be made before the registry.
type lateConnections struct{ *registry.Service }

// environment finds an environment by its id.
func (o *office) environment(ctx context.Context, id string) (tenant.Environment, error) {
	if !domain.IsID(domain.PrefixEnvironment, id) {
		return tenant.Environment{}, fmt.Errorf("environment: %q is no id of one: it begins with %s (afara env list)", id, domain.PrefixEnvironment)
	}
	return o.tenants.Environment(ctx, domain.EnvironmentID(id))
}
