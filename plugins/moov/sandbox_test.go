package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
)

func TestTheSandboxsSIMsAreReachedThroughTheConnector(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const bob = "+2290195654321"
	b.Want(t, "moov.put_sim", map[string]any{"msisdn": bob, "balance": 900, "name": "Bob"},
		`{"msisdn":"+2290195654321","country":"BJ","currency":"XOF","name":"Bob","balance":900,"blocked":false,"pin":"1234"}`)
	list, failure := b.Invoke(t, "moov.list_sims", map[string]any{})
	if failure != nil || strings.Count(list, "msisdn") != 2 {
		t.Errorf("list: %s, %v", list, failure)
	}
	list, _ = b.Invoke(t, "moov.list_sims", map[string]any{"after": ada, "limit": 1})
	if !strings.Contains(list, bob) || strings.Contains(list, ada) {
		t.Errorf("the rest of the list: %s", list)
	}
	in := payment()
	in.MSISDN = bob
	b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
	prompts, failure := b.Invoke(t, "moov.list_prompts", map[string]any{"msisdn": bob})
	if failure != nil || !strings.Contains(prompts, `"operatorReference":"`+reference+`","msisdn":"`+bob+`","amount":500,"currency":"XOF","text":"Two beers"`) {
		t.Errorf("prompts: %s, %v", prompts, failure)
	}
	b.Want(t, "moov.answer_prompt", map[string]string{"operatorReference": reference, "answer": "wrong_pin"}, `{"status":"PIN_INVALID"}`)
	b.WantError(t, "moov.answer_prompt", map[string]string{"operatorReference": reference, "answer": "approve"}, classRejected, "not_found")
	b.Want(t, "moov.remove_sim", map[string]string{"msisdn": bob}, `{}`)
	b.WantError(t, "moov.remove_sim", map[string]string{"msisdn": bob}, classRejected, "not_found")
	b.Want(t, "moov.set_policy", map[string]string{"policy": "passthrough"}, `{}`)
	in.OperatorReference = other
	b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
	b.Want(t, "moov.answer_prompt", map[string]string{"operatorReference": other, "answer": "approve"}, `{"status":"SUCCESS"}`)
}

func TestMoovItselfHasNoSIMsToLookAt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", simnettest.Serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `<html>no such page</html>`)
	}))
	b.WantError(t, "moov.list_sims", map[string]any{}, classUnsupported, "no_simulator")
}
