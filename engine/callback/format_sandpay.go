package callback

import (
	"slices"
	"strconv"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

// sandpayPayment are the members of a payment's or payout's body that its data
// gives, each with the names that the data may have for it, in SandPay's order.
var sandpayPayment = []struct {
	to   string
	from []string
}{
	{"type", []string{"type"}},
	{"parent_tx_id", []string{"parent_tx_id"}},
	{"env_id", []string{"env_id", "corridor_id", "corridor"}},
	{"country", []string{"country"}},
	{"operator", []string{"operator"}},
	{"amount", []string{"amount"}},
	{"currency", []string{"currency"}},
	{"msisdn", []string{"msisdn"}},
	{"status", []string{"status"}},
	{"latency_ms", []string{"latency_ms"}},
	{"created_at", []string{"created_at"}},
	{"completed_at", []string{"completed_at"}},
	{"scenario", []string{"scenario"}},
	{"provider_tx_id", []string{"provider_tx_id"}},
	{"order_ref", []string{"order_ref"}},
	{"order_url", []string{"order_url"}},
	{"is_url_protected", []string{"is_url_protected"}},
	{"description", []string{"description"}},
	{"commission", []string{"commission"}},
	{"net_amount", []string{"net_amount"}},
	{"customer_total", []string{"customer_total"}},
	{"merchant_absorption_pct", []string{"merchant_absorption_pct"}},
	{"merchant_share", []string{"merchant_share"}},
	{"customer_share", []string{"customer_share"}},
	{"commission_mode", []string{"commission_mode"}},
	{"raw", []string{"raw"}},
}

// sandpayTransaction are the names of a transaction's id in its data.
var sandpayTransaction = []string{"tx_id", "transaction_id", "payment_id", "disbursement_id", "id"}

// renderSandpay writes one flat object in snake_case. A payment's or payout's
// has the members of SandPay's webhook, null where the data has none; any other
// event's has event, event_id, business_id, occurred_at and sequence. The rest
// of the data follows. A member whose name is taken keeps its own spelling, and
// has data_ before it when that is taken too, so that none is lost. A payment's
// reference alone is left out: SandPay does not echo it.
func renderSandpay(e domain.Event, sequence int64) ([]byte, error) {
	data := dataOf(e)
	if err := checkJSON(data); err != nil {
		return nil, err
	}
	members, ok := objectOf(data)
	if !ok && string(data) != "null" {
		members = object{{key: "data", value: data}}
	}
	w := &objectWriter{out: append(make([]byte, 0, len(data)+512), '{')}
	if isPayment(e.Type) {
		return w.sandpayRest(w.sandpayPayment(e, members))
	}
	w.out = quote(w.name("event"), e.Type)
	w.out = quote(w.name("event_id"), string(e.ID))
	w.out = quote(w.name("business_id"), string(e.Organisation))
	w.out = quote(w.name("occurred_at"), timeOf(e))
	w.out = strconv.AppendInt(w.name("sequence"), sequence, 10)
	return w.sandpayRest(members)
}

func isPayment(event string) bool {
	return strings.HasPrefix(event, "payment.") || strings.HasPrefix(event, "disbursement.")
}

// sandpayPayment writes the members of SandPay's webhook and answers those of
// the data that none of them took.
func (w *objectWriter) sandpayPayment(e domain.Event, members object) object {
	members = slices.DeleteFunc(members, func(m element) bool { return m.key == "reference" })
	w.out = quote(w.name("event"), e.Type)
	id, members := members.take(sandpayTransaction)
	if id == nil {
		id = quote(nil, e.Resource)
	}
	w.out = append(w.name("tx_id"), id...)
	org, members := members.take([]string{"org_id"})
	if org == nil {
		org = quote(nil, string(e.Organisation))
	}
	w.out = append(w.name("org_id"), org...)
	for _, m := range sandpayPayment {
		var value []byte
		value, members = members.take(m.from)
		switch {
		case value == nil && m.to == "completed_at":
			value = quote(nil, timeOf(e))
		case value == nil:
			value = []byte("null")
		}
		w.out = append(w.name(m.to), value...)
	}
	return members
}

// sandpayRest ends the object with members.
func (w *objectWriter) sandpayRest(members object) ([]byte, error) {
	var err error
	for _, m := range members {
		if w.out, err = renameMember(w.name(w.free(snake(m.key), m.key)), m, snake, 1); err != nil {
			return nil, err
		}
	}
	return append(w.out, '}'), nil
}

// take removes the members that have one of the names in snake_case, as far as
// they are null, and the first that is not, which it answers; nil for none.
func (o object) take(names []string) (value []byte, rest object) {
	for _, name := range names {
		for _, m := range o {
			if value == nil && snake(m.key) == name && string(m.value) != "null" {
				value, o = m.value, slices.DeleteFunc(slices.Clone(o), func(x element) bool { return x.at == m.at })
			}
		}
	}
	return value, slices.DeleteFunc(slices.Clone(o), func(m element) bool {
		return string(m.value) == "null" && slices.Contains(names, snake(m.key))
	})
}
