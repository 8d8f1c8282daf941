package main

import (
	"cmp"
	"context"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/scaffold/acme/internal/vendor"
)

// defaultTimeout ends before the operations' deadline of 30 s.
const defaultTimeout = 20

// settings is what the manifest's settings schema describes.
type settings struct {
	BaseURL       string `json:"baseUrl"`
	APIKey        string `json:"apiKey"`
	WebhookSecret string `json:"webhookSecret,omitempty"`
	// TimeoutSeconds bounds one request.
	TimeoutSeconds int `json:"timeoutSeconds,omitempty"`
}

// clientOf gives the connection's client, made once for each version of its
// settings: a client per call would open a connection per call.
func clientOf(ctx context.Context, c *sdk.Connection) (*vendor.Client, error) {
	return sdk.Memo(ctx, c, func(_ context.Context, c *sdk.Connection) (*vendor.Client, error) {
		var s settings
		if err := c.Settings(&s); err != nil {
			return nil, err
		}
		return vendor.New(s.BaseURL, s.APIKey, time.Duration(cmp.Or(s.TimeoutSeconds, defaultTimeout))*time.Second)
	})
}
