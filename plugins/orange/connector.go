package main

import (
	"context"
	"time"

	"github.com/afara-dev/afara/plugins/orange/internal/om"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// connector serves all connections; what it knows of one is in its session.
type connector struct {
	now    func() time.Time
	recall *recall
}

// The capabilities, so that a signature that drifted is found by the compiler
// and not by the manifest check at start.
var (
	_ sdk.Describer        = (*connector)(nil)
	_ sdk.Checker          = (*connector)(nil)
	_ sdk.PaymentPreparer  = (*connector)(nil)
	_ sdk.PaymentCollector = (*connector)(nil)
	_ sdk.PaymentLookuper  = (*connector)(nil)
	_ sdk.Operator         = (*connector)(nil)
	_ sdk.WebhookHandler   = (*connector)(nil)
)

func newConnector() *connector { return &connector{now: time.Now, recall: newRecall()} }

// Manifest says what this connector can do.
func (c *connector) Manifest() []byte { return manifest }

// session is what a version of a connection was made into.
type session struct {
	settings settings
	client   *om.Client
	sandbox  bool
	// given is the access token that the connection came with.
	given om.Grant
}

// open answers the session of a connection, made at its first call.
func (c *connector) open(ctx context.Context, conn *sdk.Connection) (*session, error) {
	return sdk.Memo(ctx, conn, c.build)
}

func (c *connector) build(_ context.Context, conn *sdk.Connection) (*session, error) {
	var s settings
	if err := conn.Settings(&s); err != nil {
		return nil, err
	}
	s.fill()
	if err := s.check(); err != nil {
		return nil, err
	}
	var given om.Grant
	if err := conn.Credential(&given); err != nil {
		return nil, err
	}
	built := &session{settings: s, sandbox: conn.Environment == sandbox, given: given}
	config := s.client(c.now)
	config.Hints, config.Given = built.sandbox, given
	var err error
	built.client, err = om.New(config)
	return built, err
}

const sandbox = "sandbox"

// share gives a new access token to all nodes: Orange counts how often it is
// asked for one. The engine keeps the first of several.
func (s *session) share(conn *sdk.Connection) error {
	now := s.client.Grant()
	if now.Token == "" || now == s.given {
		return nil
	}
	return conn.UpdateCredential(now)
}

// serves refuses what Orange publishes no contract for.
func serves(operation string) error {
	if operation == schemas.OpPaymentCollect {
		return nil
	}
	return sdk.Unsupportedf("operation_not_offered",
		"Orange publishes no contract for %s: this connector only collects; pay out or refund by the means that Orange gave you", operation)
}

// fits refuses money of another wallet than the connection's. That the engine
// sends it here is a fault of how it is configured, not of the payment.
func (s *session) fits(country, currency string) error {
	switch {
	case country != s.settings.Country:
		return misconfigured("/country", "other_country", "the payment is of "+country+", the connection of "+s.settings.Country,
			"Route payments of this country to a connection of it.")
	case currency != s.settings.Currency:
		return misconfigured("/currency", "other_currency", "the payment is in "+currency+", the connection's wallet in "+s.settings.Currency,
			"Give the connection the currency of its wallet.")
	}
	return nil
}

func misconfigured(pointer, code, detail, fix string) error {
	e := sdk.Misconfiguredf(code, "%s", detail)
	e.Fields = []sdk.FieldError{{Pointer: pointer, Code: code, Detail: detail, Fix: fix}}
	return e
}

// invalid refuses parameters for one field.
func invalid(pointer, code, detail, fix string) error {
	e := sdk.Invalidf(code, "%s", detail)
	e.Fields = []sdk.FieldError{{Pointer: pointer, Code: code, Detail: detail, Fix: fix}}
	return e
}
