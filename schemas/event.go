package schemas

import "encoding/json"

// Event is the body of a callback. Sequence rises with every event of one
// resource; EventID is the same on every attempt.
type Event struct {
	EventID    string          `json:"eventId"`
	Event      string          `json:"event"`
	BusinessID string          `json:"businessId"`
	OccurredAt string          `json:"occurredAt"`
	Sequence   int64           `json:"sequence"`
	Data       json.RawMessage `json:"data"`
}

// The event types of an invoice; their data is an InvoiceView.
const (
	EventInvoiceCreated      = "invoice.created"
	EventInvoiceValidated    = "invoice.validated"
	EventInvoiceSigned       = "invoice.signed"
	EventInvoiceTransmitted  = "invoice.transmitted"
	EventInvoiceAcknowledged = "invoice.acknowledged"
	EventInvoiceReceived     = "invoice.received"
	EventInvoiceRejected     = "invoice.rejected"
	EventInvoiceHeld         = "invoice.held"
	EventInvoiceFailed       = "invoice.failed"
	EventInvoicePaid         = "invoice.paid"
	EventInvoiceVoided       = "invoice.voided"
)

// The event types of money that moves. The data of payment.completed,
// payment.refunded, payment.late_success and disbursement.completed is a
// transaction as SandPay writes it.
const (
	EventReceiptCreated        = "receipt.created"
	EventPaymentReceived       = "payment.received"
	EventPaymentCompleted      = "payment.completed"
	EventPaymentRefunded       = "payment.refunded"
	EventPaymentLateSuccess    = "payment.late_success"
	EventDisbursementCompleted = "disbursement.completed"
)

// The event types of a business's books.
const (
	EventExpenseCreated     = "expense.created"
	EventBillCreated        = "bill.created"
	EventBillPaid           = "bill.paid"
	EventCustomerCreated    = "customer.created"
	EventCustomerUpdated    = "customer.updated"
	EventReportGenerated    = "report.generated"
	EventLoanDisbursed      = "loan.disbursed"
	EventLoanRepayment      = "loan.repayment"
	EventHealthScoreChanged = "health_score.changed"
)

// The event types of the engine itself.
const (
	EventConnectorDegraded  = "connector.degraded"
	EventConnectorRecovered = "connector.recovered"
	EventWebhookDisabled    = "webhook.disabled"
)
