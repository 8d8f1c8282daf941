package simnettest

import (
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// Phones says what a connector's operations of the sandbox have to show.
type Phones struct {
	Operator string
	// Ada has the one SIM that there is, Bob gets one in Country and Currency.
	Ada, Bob          string
	Country, Currency string
	// Collect asks Bob for 500, first under References[0], then under the other.
	// The first prompt says Text.
	Collect    func(reference, msisdn string)
	References [2]string
	Text       string
	// Account at Network is the one that put_float fills; both are left out
	// where the connector has no put_float.
	Account string
	Network *Network
}

// TryPhones goes through the operations of the sandbox as a person with the phones
// does.
func (c *Connection) TryPhones(t testing.TB, p Phones) {
	t.Helper()
	operation := func(name string) string { return p.Operator + "." + name }
	c.Want(t, operation("put_sim"), map[string]any{"msisdn": p.Bob, "balance": 900, "name": "Bob"},
		`{"msisdn":"`+p.Bob+`","country":"`+p.Country+`","currency":"`+p.Currency+`","name":"Bob","balance":900,"blocked":false,"pin":"1234"}`)
	list, failure := c.Invoke(t, operation("list_sims"), map[string]any{})
	if failure != nil || strings.Count(list, "msisdn") != 2 {
		t.Errorf("list: %s, %v", list, failure)
	}
	list, _ = c.Invoke(t, operation("list_sims"), map[string]any{"after": p.Ada, "limit": 1})
	if !strings.Contains(list, p.Bob) || strings.Contains(list, p.Ada) {
		t.Errorf("the rest of the list: %s", list)
	}
	answer := func(reference, answer string) map[string]string {
		return map[string]string{"operatorReference": reference, "answer": answer}
	}
	first, second := p.References[0], p.References[1]
	p.Collect(first, p.Bob)
	prompts, failure := c.Invoke(t, operation("list_prompts"), map[string]any{"msisdn": p.Bob})
	if failure != nil || !strings.Contains(prompts,
		`"operatorReference":"`+first+`","msisdn":"`+p.Bob+`","amount":500,"currency":"`+p.Currency+`","text":"`+p.Text+`"`) {
		t.Errorf("prompts: %s, %v", prompts, failure)
	}
	c.Want(t, operation("answer_prompt"), answer(first, "wrong_pin"), `{"status":"`+string(schemas.PaymentPINInvalid)+`"}`)
	c.WantError(t, operation("answer_prompt"), answer(first, "approve"), connectorpb.Class_CLASS_REJECTED, "not_found")
	c.Want(t, operation("remove_sim"), map[string]string{"msisdn": p.Bob}, `{}`)
	c.WantError(t, operation("remove_sim"), map[string]string{"msisdn": p.Bob}, connectorpb.Class_CLASS_REJECTED, "not_found")
	c.Want(t, operation("set_policy"), map[string]string{"policy": "passthrough"}, `{}`)
	p.Collect(second, p.Bob)
	c.Want(t, operation("answer_prompt"), answer(second, "approve"), `{"status":"`+string(schemas.PaymentSuccess)+`"}`)
	if p.Network == nil {
		return
	}
	c.Want(t, operation("put_float"), map[string]int64{"balance": 42}, `{}`)
	if got := p.Network.Float(p.Operator, p.Account, p.Currency); got != 42 {
		t.Errorf("the float of %s is %d", p.Account, got)
	}
}
