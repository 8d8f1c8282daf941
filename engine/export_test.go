package engine

import (
	"context"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

// Environments is how environments sign and where they may call.
func (e *Engine) Environments() callback.Environments { return e.environments }

// Testing is how test callbacks are signed and where they may go.
func (e *Engine) Testing(ctx context.Context, id domain.EnvironmentID) ([]string, callback.Policy, error) {
	return e.environments.Testing(ctx, id)
}
