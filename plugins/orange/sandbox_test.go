package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestTheSandboxsSIMsAreReachedThroughTheConnector(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		b := setup(t, dialect)
		const bob = "+2250707654321"
		b.Want(t, "orange.put_sim", map[string]any{"msisdn": bob, "balance": 900, "name": "Bob"},
			`{"msisdn":"+2250707654321","country":"CI","currency":"XOF","name":"Bob","balance":900,"blocked":false,"pin":"1234"}`)
		list, failure := b.Invoke(t, "orange.list_sims", map[string]any{})
		if failure != nil || strings.Count(list, "msisdn") != 2 {
			t.Errorf("list: %s, %v", list, failure)
		}
		list, _ = b.Invoke(t, "orange.list_sims", map[string]any{"after": ada, "limit": 1})
		if !strings.Contains(list, bob) || strings.Contains(list, ada) {
			t.Errorf("the rest of the list: %s", list)
		}
		in := payment()
		in.MSISDN = bob
		b.collect(t, in)
		prompts, failure := b.Invoke(t, "orange.list_prompts", map[string]any{"msisdn": bob})
		if failure != nil || !strings.Contains(prompts, `"operatorReference":"`+reference+`","msisdn":"`+bob+`","amount":500,"currency":"XOF","text":"`) {
			t.Errorf("prompts: %s, %v", prompts, failure)
		}
		b.answer(t, "wrong_pin", "PIN_INVALID")
		b.WantError(t, "orange.answer_prompt", map[string]string{"operatorReference": reference, "answer": "approve"}, classRejected, "not_found")
		b.Want(t, "orange.remove_sim", map[string]string{"msisdn": bob}, `{}`)
		b.WantError(t, "orange.remove_sim", map[string]string{"msisdn": bob}, classRejected, "not_found")
		b.Want(t, "orange.set_policy", map[string]string{"policy": "passthrough"}, `{}`)
		in.OperatorReference = other
		b.collect(t, in)
		b.Want(t, "orange.answer_prompt", map[string]string{"operatorReference": other, "answer": "approve"}, `{"status":"SUCCESS"}`)
	}
}

func TestOrangesOwnAddressHasNoSIMsToLookAt(t *testing.T) {
	t.Parallel()
	b := setup(t, webpay)
	b.Set("baseUrl", answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"code":60,"message":"Resource not found"}`)
	}))
	b.WantError(t, "orange.list_sims", map[string]any{}, classUnsupported, "no_simulator")
}
