package main

import (
	"cmp"
	"context"
	"time"

	"github.com/afara-dev/afara/plugins/echo/internal/registry"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// defaultTimeout ends before the operations' deadline of 30 s.
const defaultTimeout = 25 * time.Second

// settings is what the manifest's settings schema describes.
type settings struct {
	BaseURL       string `json:"baseUrl"`
	APIKey        string `json:"apiKey"`
	WebhookSecret string `json:"webhookSecret,omitempty"`
	// Timeout bounds one request.
	Timeout schemas.Duration `json:"timeout,omitzero"`
}

// clientOf gives the connection's client, made once for each version of its
// settings: a client per call would open a connection per call.
func clientOf(ctx context.Context, c *sdk.Connection) (*registry.Client, error) {
	return sdk.Memo(ctx, c, func(_ context.Context, c *sdk.Connection) (*registry.Client, error) {
		var s settings
		if err := c.Settings(&s); err != nil {
			return nil, err
		}
		return registry.New(s.BaseURL, s.APIKey, cmp.Or(time.Duration(s.Timeout), defaultTimeout))
	})
}
