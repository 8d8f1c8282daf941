package payment

import (
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// refund is the row of a refund of a collection, but for its amount, reference
// and connection: what it is for and whose it is come from the collection.
func (r Row) refund(at time.Time) Row {
	return Row{
		ID: domain.NewID[domain.PaymentID](domain.PrefixPayment), Environment: r.Environment, Organisation: r.Organisation, Sandbox: r.Sandbox,
		Type: Refund, Parent: r.ID, Store: r.Store, OrderRef: r.OrderRef, Invoice: r.Invoice, OrderURL: r.OrderURL, URLProtected: r.URLProtected,
		AbsorptionPct: r.AbsorptionPct, Currency: r.Currency, Money: r.Money, Operator: r.Operator, Country: r.Country, MSISDN: r.MSISDN,
		Status:    schemas.PaymentPending,
		Original:  schemas.PaymentOriginal{OperatorReference: r.OperatorReference, ProviderTxID: r.ProviderTxID, Amount: r.CustomerTotal},
		CreatedAt: at,
	}
}
