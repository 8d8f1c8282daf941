package sdk

import (
	"context"

	"github.com/afara-dev/afara/schemas"
)

// PaymentPreparer serves payment.prepare: the operator's reference of a
// transaction, made without the operator. The same input gives the same output.
type PaymentPreparer interface {
	PreparePayment(ctx context.Context, call *Call, in schemas.PaymentPrepareInput) (schemas.PaymentPrepareOutput, error)
}

// PaymentCollector serves payment.collect, which has an effect. What the
// operator decides about the payer is a status and no error; an error says that
// nothing was decided.
type PaymentCollector interface {
	CollectPayment(ctx context.Context, call *Call, in schemas.PaymentInput) (schemas.PaymentOutput, error)
}

// PaymentRefunder serves payment.refund, which has an effect.
type PaymentRefunder interface {
	RefundPayment(ctx context.Context, call *Call, in schemas.PaymentRefundInput) (schemas.PaymentOutput, error)
}

// PaymentDisburser serves payment.disburse, which has an effect.
type PaymentDisburser interface {
	DisbursePayment(ctx context.Context, call *Call, in schemas.PaymentInput) (schemas.PaymentOutput, error)
}

// PaymentLookuper serves payment.lookup: how far an earlier effect is. An answer
// that does not prove either is cannot_tell; it never guesses.
type PaymentLookuper interface {
	LookupPayment(ctx context.Context, call *Call, in schemas.PaymentLookupInput) (schemas.PaymentLookupOutput, error)
}

func paymentHandlers(c Describer) map[string]Handler {
	h := make(map[string]Handler)
	if c, ok := c.(PaymentPreparer); ok {
		h[schemas.OpPaymentPrepare] = Handle(c.PreparePayment)
	}
	if c, ok := c.(PaymentCollector); ok {
		h[schemas.OpPaymentCollect] = Handle(c.CollectPayment)
	}
	if c, ok := c.(PaymentRefunder); ok {
		h[schemas.OpPaymentRefund] = Handle(c.RefundPayment)
	}
	if c, ok := c.(PaymentDisburser); ok {
		h[schemas.OpPaymentDisburse] = Handle(c.DisbursePayment)
	}
	if c, ok := c.(PaymentLookuper); ok {
		h[schemas.OpPaymentLookup] = Handle(c.LookupPayment)
	}
	return h
}
