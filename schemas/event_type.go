package schemas

import (
	"encoding/json"
	"slices"
	"sync"
)

// Emitter is who publishes the events of a type.
type Emitter string

// The engine publishes what it does itself; the rest comes from integrators.
// An integrator may publish events of any type.
const (
	EmitterEngine     Emitter = "engine"
	EmitterIntegrator Emitter = "integrator"
)

// EventTypeInfo is one type of the catalogue.
type EventTypeInfo struct {
	Name string
	// Description says when an event of the type is published, in the words of
	// its schema.
	Description string
	Emitter     Emitter
	// Planned is set while the engine does not publish the type yet. Until then
	// its events come from integrators only.
	Planned bool
	// Resource is the member of the data that names the resource whose events
	// are counted by the sequence. It is empty where that is the business.
	Resource string
	// Schema is the schema of the whole event, the envelope with its data.
	Schema ID
	// Aliases are other names that a subscription may give the type.
	Aliases []string
}

// entry is what the catalogue says beyond the schema.
type entry struct {
	name     string
	emitter  Emitter
	planned  bool
	resource string
}

// entries is the catalogue in its order. Who begins to publish a type in the
// engine makes it no longer planned, here.
var entries = []entry{
	{EventInvoiceCreated, EmitterEngine, false, "id"},
	{EventInvoiceValidated, EmitterEngine, true, "id"},
	{EventInvoiceSigned, EmitterEngine, false, "id"},
	{EventInvoiceTransmitted, EmitterEngine, true, "id"},
	{EventInvoiceAcknowledged, EmitterEngine, true, "id"},
	{EventInvoiceReceived, EmitterEngine, true, "id"},
	{EventInvoiceRejected, EmitterEngine, false, "id"},
	{EventInvoiceHeld, EmitterEngine, false, "id"},
	{EventInvoiceFailed, EmitterEngine, false, "id"},
	{EventInvoicePaid, EmitterEngine, false, "id"},
	{EventInvoiceVoided, EmitterEngine, false, "id"},
	{EventReceiptCreated, EmitterEngine, false, "receiptId"},
	{EventPaymentReceived, EmitterEngine, false, "paymentId"},
	{EventPaymentCompleted, EmitterEngine, false, "tx_id"},
	{EventPaymentRefunded, EmitterEngine, false, "tx_id"},
	{EventPaymentLateSuccess, EmitterEngine, false, "tx_id"},
	{EventDisbursementCompleted, EmitterEngine, false, "tx_id"},
	{EventExpenseCreated, EmitterIntegrator, false, "expenseId"},
	{EventBillCreated, EmitterIntegrator, false, "billId"},
	{EventBillPaid, EmitterIntegrator, false, "billId"},
	{EventCustomerCreated, EmitterIntegrator, false, "customerId"},
	{EventCustomerUpdated, EmitterIntegrator, false, "customerId"},
	{EventReportGenerated, EmitterIntegrator, false, "reportId"},
	{EventLoanDisbursed, EmitterIntegrator, false, "loanId"},
	{EventLoanRepayment, EmitterIntegrator, false, "loanId"},
	{EventHealthScoreChanged, EmitterIntegrator, false, ""},
	{EventConnectorDegraded, EmitterEngine, false, "connector"},
	{EventConnectorRecovered, EmitterEngine, false, "connector"},
	{EventWebhookDisabled, EmitterEngine, false, "webhookId"},
}

// EventTypes is the catalogue of event types, in its order. The caller may
// change it.
func EventTypes() []EventTypeInfo {
	out := slices.Clone(described())
	for i := range out {
		out[i].Aliases = slices.Clone(out[i].Aliases)
	}
	return out
}

// described reads the schemas once; that one cannot be read is ruled out by a
// test.
var described = sync.OnceValue(func() []EventTypeInfo {
	out := make([]EventTypeInfo, len(entries))
	for i, e := range entries {
		id := EventType(e.name)
		raw, _ := Source(id)
		var head struct {
			Description string `json:"description"`
		}
		_ = json.Unmarshal(raw, &head)
		out[i] = EventTypeInfo{
			Name: e.name, Description: head.Description, Emitter: e.emitter, Planned: e.planned,
			Resource: e.resource, Schema: id, Aliases: aliasesOf(e.name),
		}
	}
	return out
})

// IsEventType reports whether name is a type of the catalogue. An alias is
// none: it names a type in subscriptions only.
func IsEventType(name string) bool {
	return slices.ContainsFunc(entries, func(e entry) bool { return e.name == name })
}
