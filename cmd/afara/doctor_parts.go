package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/tenant"
)

// checkDatabase looks at schema, clock and keys; it migrates nothing.
func (c *doctorCmd) checkDatabase(ctx context.Context, r *report) {
	const what = "database"
	if c.Embedded() {
		path := strings.TrimPrefix(c.DatabaseURL.Reveal(), "sqlite:")
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			r.warn(what, "%s does not exist yet: the first start makes it", path)
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	s, err := store.Open(ctx, store.Config{
		URL: c.DatabaseURL.Reveal(), Admin: true, NoMigrate: true, MaxConns: 4, Writers: 1, Log: quiet(),
	})
	if err != nil {
		r.fail(what, "%v", explain(err))
		return
	}
	defer s.Close()
	version, err := s.Version(ctx)
	if err != nil {
		r.fail(what, "%v", err)
		return
	}
	r.ok(what, "answers, schema version %d is this build's", version)
	checkClock(s, r)
	c.checkKeys(ctx, s, r)
	checkNodes(ctx, s, r)
}

// What a node's clock may be off.
const (
	clockWarn = time.Second
	clockFail = 10 * time.Second
)

func checkClock(s *store.Store, r *report) {
	const what = "clock"
	if !s.Postgres() {
		r.ok(what, "the embedded database has this machine's: %s", time.Now().UTC().Format(time.RFC3339))
		return
	}
	offset := s.ClockOffset().Abs()
	switch {
	case offset > clockFail:
		r.fail(what, "%s off the database's: callbacks carry wrong times and signatures look old: run NTP on both machines", offset)
	case offset > clockWarn:
		r.warn(what, "%s off the database's: run NTP on both machines", offset)
	default:
		r.ok(what, "%s off the database's", offset)
	}
}

func (c *doctorCmd) checkKeys(ctx context.Context, s *store.Store, r *report) {
	const what = "master key"
	i := installation{DataDir: c.DataDir, DatabaseURL: c.DatabaseURL, MasterKey: c.MasterKey}
	if _, err := os.Stat(filepath.Join(c.DataDir, "master.key")); !c.MasterKey.IsSet() && err != nil {
		r.fail(what, "neither AFARA_MASTER_KEY nor %s is there: secrets in this database cannot be opened: restore the key", filepath.Join(c.DataDir, "master.key"))
		return
	}
	keyring, err := i.keyring()
	if err != nil {
		r.fail(what, "%v", err)
		return
	}
	tenants, err := tenant.New(tenant.Config{Store: s, Keyring: keyring, Applier: store.NewApplier(s)})
	if err == nil {
		err = tenants.CheckKeys(ctx)
	}
	if err != nil {
		r.fail(what, "%v", err)
		return
	}
	r.ok(what, "opens this database's secrets")
}

func checkNodes(ctx context.Context, s *store.Store, r *report) {
	const what = "nodes"
	nodes, err := s.Nodes(ctx)
	if err != nil {
		r.fail(what, "%v", err)
		return
	}
	live := 0
	for _, n := range nodes {
		if n.Live(s.Now()) {
			live++
		}
	}
	if live == 0 {
		r.warn(what, "none is running: nothing is accepted or sent: start afara serve")
		return
	}
	r.ok(what, "%d running", live)
}

// checkRedis wants a server that never drops what it was given for want of
// memory.
func (c *doctorCmd) checkRedis(ctx context.Context, r *report) {
	const what = "redis"
	if !c.RedisURL.IsSet() {
		r.ok(what, "the embedded server is used")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	b, err := bus.Open(ctx, bus.Config{URL: c.RedisURL.Reveal(), Log: quiet()})
	if err != nil {
		r.fail(what, "%v", err)
		return
	}
	defer b.Close()
	if err := b.Ping(ctx); err != nil {
		r.fail(what, "%v: check AFARA_REDIS_URL and that the server runs", err)
		return
	}
	policy, err := b.MaxmemoryPolicy(ctx)
	switch {
	case err != nil:
		r.warn(what, "answers, but does not tell its maxmemory-policy (%v): make sure that it is noeviction", err)
	case policy != "noeviction":
		r.fail(what, "maxmemory-policy is %s: under memory pressure it drops streams, and work waits for minutes: CONFIG SET maxmemory-policy noeviction, and in redis.conf", policy)
	default:
		r.ok(what, "answers, maxmemory-policy is noeviction")
	}
}

func (c *doctorCmd) checkConnectors(ctx context.Context, p program, r *report) {
	const what = "connectors"
	installed, err := (&catalog{PluginDirs: c.PluginDirs}).installed(ctx, p)
	if err != nil {
		r.fail(what, "%v: set --plugin-dirs or AFARA_PLUGIN_DIRS", err)
		return
	}
	if len(installed) == 0 {
		r.warn(what, "none in %s: install one as <dir>/<name>/<name> with its manifest.json", strings.Join(c.PluginDirs, ", "))
	}
	for _, s := range installed {
		if s.State == pluginhost.StateIncompatible {
			r.fail(what, "%s: %s", s.Name, s.Reason)
			continue
		}
		r.ok(what, "%s %s, SHA-256 %s", s.Name, s.Version, s.Digest)
	}
}
