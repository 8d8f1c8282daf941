package sdk

import (
	"context"
	"maps"

	"github.com/afara-dev/afara/schemas"
)

// handlersOf lists the operations that c has a handler for, whatever its
// manifest says.
func handlersOf(c Describer) map[string]Handler {
	handlers := invoiceHandlers(c)
	maps.Copy(handlers, paymentHandlers(c))
	if o, ok := c.(Operator); ok {
		maps.Copy(handlers, o.Operations())
	}
	return handlers
}

func invoiceHandlers(c Describer) map[string]Handler {
	h := make(map[string]Handler)
	if c, ok := c.(InvoicePreparer); ok {
		h[schemas.OpInvoicePrepare] = Handle(c.PrepareInvoice)
	}
	if c, ok := c.(InvoiceValidator); ok {
		h[schemas.OpInvoiceValidate] = Handle(silent(c.ValidateInvoice))
	}
	if c, ok := c.(InvoiceSigner); ok {
		h[schemas.OpInvoiceSign] = Handle(c.SignInvoice)
	}
	if c, ok := c.(InvoiceLookuper); ok {
		h[schemas.OpInvoiceLookup] = Handle(c.LookupInvoice)
	}
	if c, ok := c.(InvoiceTransmitter); ok {
		h[schemas.OpInvoiceTransmit] = Handle(c.TransmitInvoice)
	}
	if c, ok := c.(InvoicePaymentReporter); ok {
		h[schemas.OpInvoiceReportPayment] = Handle(silent(c.ReportInvoicePayment))
	}
	if c, ok := c.(InvoiceB2CReporter); ok {
		h[schemas.OpInvoiceReportB2C] = Handle(silent(c.ReportInvoiceB2C))
	}
	if c, ok := c.(InvoiceWriteBacker); ok {
		h[schemas.OpInvoiceWriteBack] = Handle(silent(c.WriteBackInvoice))
	}
	return h
}

// silent gives a function without a result the empty one.
func silent[In any](f func(context.Context, *Call, In) error) func(context.Context, *Call, In) (schemas.Empty, error) {
	return func(ctx context.Context, call *Call, in In) (schemas.Empty, error) {
		return schemas.Empty{}, f(ctx, call, in)
	}
}
