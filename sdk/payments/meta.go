package payments

import (
	"context"
	"net/http"
	"slices"
)

// The capabilities of the contract's version 2026-05-31.
const (
	CapabilityPayments         = "payments"
	CapabilityRefunds          = "refunds"
	CapabilityDisbursements    = "disbursements"
	CapabilityWebhooks         = "webhooks"
	CapabilityTestClients      = "test_clients"
	CapabilityMultiEnvironment = "multi_environment"
	CapabilityCommissionSplit  = "commission_split"
	CapabilityOrderLinkage     = "order_linkage"
	CapabilityReferenceFormat  = "reference_format"
)

// Meta is what the service says of itself.
type Meta struct {
	APIVersion    string   `json:"api_version"` // a date: 2026-05-31
	Capabilities  []string `json:"capabilities"`
	MinSDKVersion string   `json:"min_sdk_version"` // of SandPay's own SDK
	ChangelogURL  string   `json:"changelog_url"`
}

// Can reports whether the service has a capability. Ask this rather than compare
// versions.
func (m Meta) Can(capability string) bool { return slices.Contains(m.Capabilities, capability) }

// Meta reads version and capabilities. The key is not sent.
func (c *Client) Meta(ctx context.Context) (Meta, error) {
	return ask[Meta](ctx, c, request{method: http.MethodGet, path: "/meta", open: true, repeatable: true})
}

// Health asks once whether the service answers: nil when it does. The key is not
// sent.
func (c *Client) Health(ctx context.Context) error {
	return c.do(ctx, request{method: http.MethodGet, path: "/health", open: true}, nil)
}
