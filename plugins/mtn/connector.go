package main

import (
	"context"
	"time"

	"github.com/afara-dev/afara/plugins/mtn/internal/momo"
	"github.com/afara-dev/afara/sdk"
)

// connector serves all connections; what it knows of one is in its session.
type connector struct {
	now func() time.Time
}

// The capabilities, so that a signature that drifted is found by the compiler
// and not by the manifest check at start.
var (
	_ sdk.Describer        = (*connector)(nil)
	_ sdk.Checker          = (*connector)(nil)
	_ sdk.PaymentPreparer  = (*connector)(nil)
	_ sdk.PaymentCollector = (*connector)(nil)
	_ sdk.PaymentDisburser = (*connector)(nil)
	_ sdk.PaymentRefunder  = (*connector)(nil)
	_ sdk.PaymentLookuper  = (*connector)(nil)
	_ sdk.Operator         = (*connector)(nil)
	_ sdk.WebhookHandler   = (*connector)(nil)
)

func newConnector() *connector { return &connector{now: time.Now} }

// Manifest says what this connector can do.
func (c *connector) Manifest() []byte { return manifest }

// session is what a version of a connection's settings was made into.
type session struct {
	settings settings
	client   *momo.Client
	sandbox  bool
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
	client, err := momo.New(s.client(c.now))
	if err != nil {
		return nil, err
	}
	return &session{settings: s, client: client, sandbox: conn.Environment == sandbox}, nil
}

const sandbox = "sandbox"

// serves refuses what the connection's settings cannot do.
func (s *session) serves(operation string) error {
	if s.client.Has(momo.ProductOf(operation)) {
		return nil
	}
	return sdk.Unsupportedf("disbursement_not_set_up", "the connection has no disbursementKey, so %s is not possible", operation)
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
