package callback

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// EndpointView is an endpoint as the API shows it.
type EndpointView struct {
	ID             domain.EndpointID      `json:"id"`
	URL            string                 `json:"url"`
	Events         []schemas.EventPattern `json:"events"`
	Description    string                 `json:"description"`
	Secret         string                 `json:"secret"` // masked but for the answer that makes it
	Active         bool                   `json:"isActive"`
	DisabledReason *string                `json:"disabledReason"`
	DisabledAt     *string                `json:"disabledAt"`
	Format         Format                 `json:"payloadFormat"`
	Retry          Retry                  `json:"retryPolicy"`
	RateLimit      int                    `json:"rateLimit"`
	MaxInFlight    int                    `json:"maxInFlight"`
	Ordered        bool                   `json:"ordered"`
	Headers        map[string]string      `json:"headers"` // values masked
	Signatures     []string               `json:"signatures"`
	PublicKey      *string                `json:"publicKey"`
	Failures       int                    `json:"failures"`
	FailingSince   *string                `json:"failingSince"`
	CreatedAt      *string                `json:"createdAt"`
	UpdatedAt      *string                `json:"updatedAt"`
}

// masked stands for what is not shown.
const masked = "********"

// View shows an endpoint without its secrets.
func (e Endpoint) View() EndpointView { return viewOf(e) }

func viewOf(e Endpoint) EndpointView {
	v := EndpointView{
		ID: e.ID, URL: e.URL, Events: e.Events, Description: e.Description, Secret: "whsec_" + masked, Active: e.Active,
		DisabledReason: optional(e.DisabledReason), DisabledAt: domain.FormatTime(e.DisabledAt), Format: e.Format, Retry: e.Retry,
		RateLimit: e.RateLimit, MaxInFlight: e.MaxInFlight, Ordered: e.Ordered, Headers: map[string]string{}, Signatures: []string{"v1"},
		PublicKey: optional(e.PublicKey), Failures: e.Failures, FailingSince: domain.FormatTime(e.FailingSince),
		CreatedAt: domain.FormatTime(e.CreatedAt), UpdatedAt: domain.FormatTime(e.UpdatedAt),
	}
	for _, name := range slices.Collect(maps.Keys(e.Headers)) {
		v.Headers[name] = masked
	}
	if e.PublicKey != "" {
		v.Signatures = append(v.Signatures, "v1a")
	}
	return v
}

// withSecret shows the secret, in the one answer that may.
func (v EndpointView) withSecret(secret string) EndpointView {
	v.Secret = secret
	return v
}

// WithSecret is the view of an endpoint whose secret was just made.
func (e Endpoint) WithSecret(secret string) EndpointView { return viewOf(e).withSecret(secret) }

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// success is the form of every answer under /v1/: {"success": true, "data": …}.
func success(data any) ([]byte, error) {
	return json.Marshal(struct {
		Success bool `json:"success"`
		Data    any  `json:"data"`
	}{true, data})
}
