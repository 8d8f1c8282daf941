package bus

import (
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// connect makes the two clients.
func (b *Bus) connect(cfg Config) error {
	t := target{addrs: []string{"embedded"}}
	if b.server == nil {
		var err error
		if t, err = parseURL(cfg.URL); err != nil {
			return err
		}
	}
	commands, blocked := t.options(cfg), t.options(cfg)
	if b.server != nil {
		commands.Dialer, blocked.Dialer = b.server.dial, b.server.dial
	}
	blocked.PoolSize = cfg.Streams
	b.cmd = redis.NewUniversalClient(commands)
	b.reader = redis.NewUniversalClient(blocked)
	return nil
}

func (t target) options(cfg Config) *redis.UniversalOptions {
	return &redis.UniversalOptions{
		Addrs: t.addrs, MasterName: t.master, IsClusterMode: t.mode == modeCluster, DB: t.db,
		Username: t.username, Password: t.password, TLSConfig: t.tls,
		DialTimeout: cfg.DialTimeout, DialerRetries: 1, ReadTimeout: cfg.Timeout, WriteTimeout: cfg.Timeout,
		PoolTimeout: cfg.Timeout, ContextTimeoutEnabled: true,
		// Every caller has its own way to try again, and a command that hands out
		// entries must not be repeated unseen: the lost answer had entries too.
		MaxRetries:     -1,
		ReadBufferSize: 16 << 10, WriteBufferSize: 16 << 10,
		DisableIdentity: true, Protocol: 2,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}
