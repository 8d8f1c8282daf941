package engine

import (
	"context"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/payment"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/webhook"
	"github.com/afara-dev/afara/schemas"
)

func (e *Engine) wirePayments() (err error) {
	e.Payments, err = payment.New(payment.Config{
		Store: e.Store, Applier: e.Applier, Corridors: e.Corridors, Ledger: balances{e}, Bills: bills{e}, Follow: e.paid(),
		Connections: PaymentConnections{Registry: e.Registry, Host: e.Host, PublicURL: e.cfg.Settings.PublicURL},
		FirstPoll:   e.cfg.Settings.PaymentPollAfter,
	})
	return err
}

// balances lets payments be made before the ledger, whose folding is a node's.
type balances struct{ engine *Engine }

// Balance implements payment.Ledger.
func (b balances) Balance(ctx context.Context, env domain.EnvironmentID, account domain.Account, currency string) (int64, error) {
	return b.engine.Ledger.Balance(ctx, env, account, currency)
}

// bills lets payments be made before the invoices.
type bills struct{ engine *Engine }

// Bill implements payment.Bills.
func (b bills) Bill(ctx context.Context, env domain.EnvironmentID, id domain.InvoiceID) (domain.Bill, error) {
	return b.engine.Invoices.Bill(ctx, env, id)
}

// BillsNumbered implements payment.Bills.
func (b bills) BillsNumbered(ctx context.Context, env domain.EnvironmentID, number string) ([]domain.Bill, error) {
	return b.engine.Invoices.BillsNumbered(ctx, env, number)
}

// paid says what follows the success of a payment that is of an invoice, by the
// event that tells it and in its transaction.
func (e *Engine) paid() map[string]func(domain.Receipt) []domain.Part {
	return map[string]func(domain.Receipt) []domain.Part{
		schemas.EventPaymentCompleted: func(in domain.Receipt) []domain.Part { return e.Invoices.Collected(in) },
		schemas.EventPaymentRefunded:  func(in domain.Receipt) []domain.Part { return e.Invoices.Returned(in) },
	}
}

// PaymentConnections tells payments what carries them.
type PaymentConnections struct {
	Registry  *registry.Service
	Host      *pluginhost.Host
	PublicURL string
}

// PaymentConnection implements payment.Connections.
func (c PaymentConnections) PaymentConnection(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID) (payment.Connection, error) {
	found, err := c.Registry.Present(ctx, id)
	if err != nil {
		return payment.Connection{}, err
	}
	if found.Environment != env {
		return payment.Connection{}, payment.ErrCorridor
	}
	out := payment.Connection{Stream: domain.ConnectorStream(found.Connector, found.Kind)}
	if m, ok := c.Host.Manifest(found.Connector, found.Kind); ok && c.PublicURL != "" {
		out.CallbackURL = webhook.Address(m, c.PublicURL, id)
	}
	return out, nil
}

// eventPaymentUpdated is what connectors of mobile money tell of a pushed outcome.
const eventPaymentUpdated = "payment.updated"

// told says what follows what vendors push, beside the news of its reference.
func (e *Engine) told() map[string]func(webhook.Event) []domain.Part {
	return map[string]func(webhook.Event) []domain.Part{
		eventPaymentUpdated: func(v webhook.Event) []domain.Part { return e.Payments.Told(v.Connection, v.Reference, v.Data) },
	}
}

// expirePayments ends old payments of which nothing was sent.
func (e *Engine) expirePayments(ctx context.Context) error {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		e.sweep(ctx, "payments", func() (bool, error) { return e.Payments.Expire(ctx) })
	}
}
