package sdk

import (
	"context"

	"github.com/afara-dev/afara/schemas"
)

// A connector is a Describer that implements what it can of the interfaces
// below; its manifest declares the same. All methods may be called at the same
// time from many goroutines, for different connections and for one. The
// context ends when the engine gives the call up.

// Describer is what every connector is.
type Describer interface {
	// Manifest answers the connector's manifest.json. It works without
	// settings, secrets and network, and answers the same bytes each time.
	Manifest() []byte
}

// Checker proves a connection's credentials and network, now. It has no effect
// at the vendor. A connector without it is taken as always well.
type Checker interface {
	Check(ctx context.Context, c *Connection) error
}

// InvoicePreparer serves invoice.prepare: the invoice's reference and QR data,
// made without the vendor. The same input gives the same output.
type InvoicePreparer interface {
	PrepareInvoice(ctx context.Context, call *Call, in schemas.PrepareInput) (schemas.PrepareOutput, error)
}

// InvoiceValidator serves invoice.validate: asks the vendor for its opinion,
// without effect.
type InvoiceValidator interface {
	ValidateInvoice(ctx context.Context, call *Call, in schemas.ValidateInput) error
}

// InvoiceSigner serves invoice.sign, which has an effect.
type InvoiceSigner interface {
	SignInvoice(ctx context.Context, call *Call, in schemas.SignInput) (schemas.SignOutput, error)
}

// InvoiceLookuper serves invoice.lookup: whether an earlier effect is there. An
// answer that does not prove either is cannot_tell; it never guesses.
type InvoiceLookuper interface {
	LookupInvoice(ctx context.Context, call *Call, in schemas.LookupInput) (schemas.LookupOutput, error)
}

// InvoiceTransmitter serves invoice.transmit, which has an effect.
type InvoiceTransmitter interface {
	TransmitInvoice(ctx context.Context, call *Call, in schemas.TransmitInput) (schemas.TransmitOutput, error)
}

// InvoicePaymentReporter serves invoice.report_payment, which has an effect.
type InvoicePaymentReporter interface {
	ReportInvoicePayment(ctx context.Context, call *Call, in schemas.ReportPaymentInput) error
}

// InvoiceB2CReporter serves invoice.report_b2c, which has an effect.
type InvoiceB2CReporter interface {
	ReportInvoiceB2C(ctx context.Context, call *Call, in schemas.ReportB2CInput) error
}

// InvoiceWriteBacker serves invoice.write_back, which has an effect: it writes
// the registration into the system the invoice came from.
type InvoiceWriteBacker interface {
	WriteBackInvoice(ctx context.Context, call *Call, in schemas.WriteBackInput) error
}

// Operator serves the connector's own operations, named with its name and a
// dot, e.g. "odoo.preview".
type Operator interface {
	Operations() map[string]Handler
}

// Puller reads records after a cursor, for every stream of the manifest.
type Puller interface {
	// Pull calls emit for each batch, in order, and returns when it has
	// caught up, reached in.Limit, or ctx ended. Records with the same key may
	// come again. Nothing may be acknowledged to the vendor beyond in.Cursor:
	// that is what the engine has stored.
	Pull(ctx context.Context, in *Pull, emit func(Batch) error) error
}

// WebhookHandler verifies what a vendor pushed, for every webhook kind of the
// manifest.
type WebhookHandler interface {
	// HandleWebhook verifies in.Body, the raw bytes, before it believes
	// anything, and judges its age by in.ReceivedAt. An error means nothing is
	// believed: Unauthorized, Invalid, Rejected, Unsupported and Misconfigured
	// refuse the request, after any other it is stored and asked about again.
	HandleWebhook(ctx context.Context, in *Webhook) (*WebhookResult, error)
}
