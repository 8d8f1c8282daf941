package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

func TestTheSandboxsSIMsAreReachedThroughTheConnector(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const bob = "+250730654321"
	b.Want(t, "airtel.put_sim", map[string]any{"msisdn": bob, "balance": 900, "name": "Bob"},
		`{"msisdn":"+250730654321","country":"RW","currency":"RWF","name":"Bob","balance":900,"blocked":false,"pin":"1234"}`)
	list, failure := b.Invoke(t, "airtel.list_sims", map[string]any{})
	if failure != nil || strings.Count(list, "msisdn") != 2 {
		t.Errorf("list: %s, %v", list, failure)
	}
	list, _ = b.Invoke(t, "airtel.list_sims", map[string]any{"after": ada, "limit": 1})
	if !strings.Contains(list, bob) || strings.Contains(list, ada) {
		t.Errorf("the rest of the list: %s", list)
	}
	in := payment()
	in.MSISDN = bob
	b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
	prompts, failure := b.Invoke(t, "airtel.list_prompts", map[string]any{"msisdn": bob})
	if failure != nil || !strings.Contains(prompts, `"operatorReference":"`+reference+`","msisdn":"`+bob+`","amount":500,"currency":"RWF","text":"Reference `+reference+`"`) {
		t.Errorf("prompts: %s, %v", prompts, failure)
	}
	b.Want(t, "airtel.answer_prompt", map[string]string{"operatorReference": reference, "answer": "wrong_pin"}, `{"status":"PIN_INVALID"}`)
	b.WantError(t, "airtel.answer_prompt", map[string]string{"operatorReference": reference, "answer": "approve"}, classRejected, "not_found")
	b.Want(t, "airtel.remove_sim", map[string]string{"msisdn": bob}, `{}`)
	b.WantError(t, "airtel.remove_sim", map[string]string{"msisdn": bob}, classRejected, "not_found")
	b.Want(t, "airtel.set_policy", map[string]string{"policy": "passthrough"}, `{}`)
	in.OperatorReference = other
	b.Pay(t, schemas.OpPaymentCollect, in, schemas.PaymentPending)
	b.Want(t, "airtel.answer_prompt", map[string]string{"operatorReference": other, "answer": "approve"}, `{"status":"SUCCESS"}`)
}

func TestAirtelsOwnSandboxHasNoSIMsToLookAt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"statusCode":404,"message":"Resource not found"}`)
	}))
	b.WantError(t, "airtel.list_sims", map[string]any{}, classUnsupported, "no_simulator")
}
