package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/afara-dev/afara/plugins/firs/internal/codes"
	"github.com/afara-dev/afara/plugins/firs/internal/irn"
	"github.com/afara-dev/afara/plugins/firs/internal/mbs"
	"github.com/afara-dev/afara/plugins/firs/internal/qr"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// connector serves all connections; what it knows of one is in its session.
type connector struct {
	now func() time.Time
}

// The capabilities, so that a signature that drifted is found by the compiler
// and not by the manifest check at start.
var (
	_ sdk.Describer              = (*connector)(nil)
	_ sdk.Checker                = (*connector)(nil)
	_ sdk.InvoicePreparer        = (*connector)(nil)
	_ sdk.InvoiceValidator       = (*connector)(nil)
	_ sdk.InvoiceSigner          = (*connector)(nil)
	_ sdk.InvoiceLookuper        = (*connector)(nil)
	_ sdk.InvoiceTransmitter     = (*connector)(nil)
	_ sdk.InvoicePaymentReporter = (*connector)(nil)
	_ sdk.InvoiceB2CReporter     = (*connector)(nil)
	_ sdk.Operator               = (*connector)(nil)
)

func newConnector() *connector { return &connector{now: time.Now} }

// Manifest says what this connector can do.
func (c *connector) Manifest() []byte { return manifest }

// session is what a version of a connection's settings was made into.
type session struct {
	settings settings
	client   *mbs.Client
	template irn.Template
	keys     qr.Keys
	types    *codes.Types
	seller   mbs.Seller
	bodies   mbs.Bodies
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
	parsed, err := s.parse()
	if err != nil {
		return nil, err
	}
	client, err := mbs.New(s.client())
	if err != nil {
		return nil, err
	}
	return &session{
		settings: s, client: client, template: parsed.template, keys: parsed.keys, seller: s.seller(),
		types: codes.NewTypes(client.Codes, c.now),
	}, nil
}

// body makes the authority's body of the call's invoice, or takes the one that
// was validated.
func (s *session) body(call *sdk.Call, irn string) ([]byte, error) {
	if raw, ok := s.bodies.Take(bodyKey(call, irn)); ok {
		return raw, nil
	}
	inv, err := call.Invoice()
	if err != nil {
		return nil, err
	}
	if err := s.own(inv); err != nil {
		return nil, err
	}
	code, err := s.types.Code(inv.InvoiceTypeCode)
	if err != nil {
		return nil, invalid("/invoice_type_code", "type_not_listed", err.Error(), "Use a type that the tax authority lists.")
	}
	raw, err := mbs.Body(inv, s.seller, irn, code)
	if err != nil {
		return nil, sdk.Internalf("body_unwritable", "%w", err)
	}
	return raw, nil
}

func bodyKey(call *sdk.Call, irn string) mbs.BodyKey {
	return mbs.BodyKey{Digest: call.Document.Digest, IRN: irn}
}

// own refuses an invoice of another business than the connection's.
func (s *session) own(inv *schemas.Invoice) error {
	if inv.BusinessID != "" && inv.BusinessID != s.settings.BusinessID {
		return invalid("/business_id", "other_business", "the invoice names another business than the connection",
			"Leave business_id out, or send the invoice to the environment of that business.")
	}
	return nil
}

// refresh keeps the code lists fresh. It fails silently but for the log: an old
// list serves as well.
func (s *session) refresh(ctx context.Context) {
	if err := s.types.Refresh(ctx); err != nil {
		slog.WarnContext(ctx, "code lists stay as they were", "error", err)
	}
}

// invalid refuses a document for one field.
func invalid(pointer, code, detail, fix string) error {
	e := sdk.Invalidf(code, "%s", detail)
	e.Fields = []sdk.FieldError{{Pointer: pointer, Code: code, Detail: detail, Fix: fix}}
	return e
}
