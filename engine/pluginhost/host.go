package pluginhost

import (
	"context"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// Host is the only way to a connector. All methods may be called from many
// goroutines.
type Host struct {
	cfg Config
}

// New reads the catalog, sweeps what a dead host left behind and starts
// nothing.
func New(cfg Config) (*Host, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Host{cfg: cfg}, nil
}

// Manifest is the manifest of an installed connector; it must not be changed.
func (h *Host) Manifest(connector string) (*schemas.Manifest, bool) { return nil, false }

// Manifests are those of all usable connectors, by name; they must not be
// changed.
func (h *Host) Manifests() []*schemas.Manifest { return nil }

// Need starts the connector's process for that kind of environment, if it does
// not run yet, and keeps it running until Close.
func (h *Host) Need(connector string, env domain.EnvironmentKind) {}

// Ready reports whether calls can go out now.
func (h *Host) Ready(connector string, env domain.EnvironmentKind) bool { return false }

// Subscribe answers a channel that gets a token after any change of an
// instance's state; tokens that nobody takes merge into one.
func (h *Host) Subscribe() <-chan struct{} { return nil }

// Status is every instance and every installed connector, by name.
func (h *Host) Status() []ConnectorStatus { return nil }

// Invoke runs one operation once and never fails by itself: whatever happens
// is an Outcome of one class.
func (h *Host) Invoke(ctx context.Context, c domain.Call) domain.Outcome { return domain.Outcome{} }

// Check proves a connection's settings, credential and network now. The error
// is a *domain.ConnectorError.
func (h *Host) Check(ctx context.Context, ref domain.ConnectionRef) error { return nil }

// Close refuses new calls, waits for those in flight until ctx ends, and ends
// every process. What ctx cuts is an unknown outcome.
func (h *Host) Close(ctx context.Context) error { return nil }
