package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/schemas"
)

// Validate finds every fault at once; each names the setting, the rule and what
// to do. Kong calls it after parsing. Secrets are judged and never shown.
func (c *Config) Validate() error {
	return errors.Join(
		address("listen", c.Listen),
		c.checkPublicURL(),
		c.checkRoles(),
		c.checkDatabase(),
		c.checkRedis(),
		c.checkMasterKey(),
		c.checkWork(),
		c.checkIntake(),
		c.checkCallbacks(),
		c.checkPprof(),
	)
}

func (c *Config) checkWork() error {
	return errors.Join(
		filled("plugin-dirs", c.PluginDirs),
		within("drain-timeout", c.DrainTimeout, time.Millisecond, time.Hour),
		within("pool", c.Pool, 1, 65536),
		within("per-connection", c.PerConnection, 1, 65536),
		within("connector-memory-mb", c.ConnectorMemory, 64, 1<<20),
		within("connector-files", c.ConnectorFiles, 64, 1<<20),
		within("connector-processes", c.ConnectorProcs, 32, 1<<20),
		within("window", c.Window, 1, 1_000_000),
		within("lease-margin", c.LeaseMargin, time.Second, time.Hour),
		within("max-attempts", c.MaxAttempts, 1, 100),
		within("payment-poll-after", c.PaymentPollAfter, time.Second, time.Minute),
		within("hold-after", c.HoldAfter, time.Minute, 90*24*time.Hour),
	)
}

func (c *Config) checkIntake() error {
	err := errors.Join(
		within("backlog-limit", c.BacklogLimit, 1, 100_000_000),
		within("backlog-total", c.BacklogTotal, 1, 100_000_000),
		c.checkMaxBody(),
		within("shutdown-timeout", c.ShutdownTimeout, time.Second, time.Hour),
	)
	if c.BacklogTotal < c.BacklogLimit {
		err = errors.Join(err, fault("backlog-total", "is below backlog-limit, which then never applies", "raise it or lower backlog-limit"))
	}
	return err
}

// checkMaxBody: the decoder of documents has a limit of its own, and a setting
// above it would promise what no invoice gets.
func (c *Config) checkMaxBody() error {
	if c.MaxBody > schemas.MaxBytes {
		return fault("max-body", fmt.Sprintf("%d is above %d, the longest document that is read, so more would change nothing", c.MaxBody, schemas.MaxBytes),
			fmt.Sprintf("choose %d or less, and split longer documents", schemas.MaxBytes))
	}
	return within("max-body", c.MaxBody, 1024, schemas.MaxBytes)
}

func (c *Config) checkCallbacks() error {
	err := errors.Join(
		within("callback-in-flight", c.CallbackInFlight, 1, 65536),
		within("retain-events", c.RetainEvents, 24*time.Hour, 10*365*24*time.Hour),
		within("retain-records", c.RetainRecords, 24*time.Hour, 10*365*24*time.Hour),
		within("callback-timeout-ms", c.CallbackTimeoutMS, 100, 120_000),
	)
	for _, text := range c.CallbackCIDRs {
		if prefix, bad := netip.ParsePrefix(text); bad != nil || prefix != prefix.Masked() {
			err = errors.Join(err, fault("callback-allow-cidrs", fmt.Sprintf("%q is not a network", text), "write address/bits with the host bits zero, e.g. 10.20.0.0/16"))
		}
	}
	if slices.Contains(c.CallbackAllowlist, "") {
		err = errors.Join(err, fault("callback-allowlist", "holds an empty entry", "remove the stray comma"))
	}
	return err
}

func (c *Config) checkRoles() error {
	err := filled("roles", c.Roles)
	for i, role := range c.Roles {
		if !slices.Contains([]string{RoleAPI, RoleWorker, RoleDelivery}, role) {
			err = errors.Join(err, fault("roles", fmt.Sprintf("%q is no role", role), "use api, worker, delivery"))
		}
		if slices.Contains(c.Roles[:i], role) {
			err = errors.Join(err, fault("roles", fmt.Sprintf("%q stands there twice", role), "name each role once"))
		}
	}
	return err
}

func (c *Config) checkPublicURL() error {
	if c.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fault("public-url", "is not a plain http(s) URL", "write it as https://afara.example.com")
	}
	return nil
}

func (c *Config) checkDatabase() error {
	text := c.DatabaseURL.Reveal()
	path, isSQLite := strings.CutPrefix(text, "sqlite:")
	isPostgres := strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
	if isSQLite && path != "" || isPostgres {
		return nil
	}
	return fault("database-url", "names no database", "write sqlite:PATH or postgres://user:password@host/name")
}

// Embedded reports whether the database is the SQLite file, for which a master
// key is generated.
func (c *Config) Embedded() bool {
	return strings.HasPrefix(c.DatabaseURL.Reveal(), "sqlite:")
}

func (c *Config) checkRedis() error {
	if !c.RedisURL.IsSet() {
		return c.checkBusAlone()
	}
	scheme, rest, _ := strings.Cut(c.RedisURL.Reveal(), "://")
	known := []string{"redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"}
	if !slices.Contains(known, scheme) || rest == "" {
		return fault("redis-url", "is not a Redis URL", "write redis://host:6379 or rediss://host:6379")
	}
	return nil
}

// checkBusAlone: the embedded bus lives in one process, so nodes that share a
// database would not hear each other, and a node without workers nobody.
func (c *Config) checkBusAlone() error {
	if !c.Embedded() {
		return fault("redis-url", "is empty, and the embedded server cannot join nodes that share PostgreSQL", "set redis://host:6379")
	}
	for _, role := range []string{RoleAPI, RoleWorker, RoleDelivery} {
		if !c.Has(role) {
			return fault("roles", "leaves out "+role+", and with the embedded server no other node can do it", "use all roles, or set redis-url")
		}
	}
	return nil
}

func (c *Config) checkMasterKey() error {
	if !c.MasterKey.IsSet() {
		if c.Embedded() {
			return nil
		}
		return fault("master-key", "is required with PostgreSQL, where all nodes share it", "set AFARA_MASTER_KEY to the output of: openssl rand -base64 32")
	}
	if _, err := secret.ParseKeyring(c.MasterKey.Reveal()); err != nil {
		return fmt.Errorf("master-key: %w", err)
	}
	return nil
}

func (c *Config) checkPprof() error {
	if c.Pprof == "" {
		return nil
	}
	if err := address("pprof", c.Pprof); err != nil {
		return err
	}
	host, _, _ := net.SplitHostPort(c.Pprof)
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fault("pprof", "is not a loopback address, and profiles show memory", "use 127.0.0.1:6060")
	}
	return nil
}

func address(name, text string) error {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fault(name, fmt.Sprintf("%q is not host:port", text), "write it as 127.0.0.1:8080")
	}
	return nil
}

func filled(name string, list []string) error {
	if len(list) == 0 || slices.Contains(list, "") {
		return fault(name, "is empty or holds an empty entry", "give at least one value and no stray comma")
	}
	return nil
}

func within[T cmp.Ordered](name string, got, least, most T) error {
	if got < least || got > most {
		return fault(name, fmt.Sprintf("%v is not between %v and %v", got, least, most), "choose a value in that range")
	}
	return nil
}

func fault(name, rule, fix string) error { return fmt.Errorf("%s: %s: %s", name, rule, fix) }
