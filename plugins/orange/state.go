package main

import (
	"encoding/json"

	"github.com/afara-dev/afara/sdk"
)

// state is what a look-up needs of the attempt before it: Orange tells how a
// payment stands only to who has its pay token.
type state struct {
	Version  int    `json:"v"`
	PayToken string `json:"payToken"`
}

const stateVersion = 1

// keep leaves the pay token for the next call about this payment.
func keep(call *sdk.Call, payToken string) error {
	raw, err := json.Marshal(state{stateVersion, payToken})
	if err != nil {
		return sdk.Internalf("state_unwritable", "encode state: %w", err)
	}
	call.SetState(raw)
	return nil
}

// payTokenOf is the token that an earlier call left; empty when none did.
func payTokenOf(call *sdk.Call, providerTxID string) string {
	var kept state
	if json.Unmarshal(call.State, &kept) == nil && kept.Version == stateVersion && kept.PayToken != "" {
		return kept.PayToken
	}
	return providerTxID
}

const maxShown = 100

// shown is the operator's id of a payment: its pay token, unless it is longer
// than ids may be; the state has it all the same.
func shown(payToken string) string {
	if len(payToken) > maxShown {
		return ""
	}
	return payToken
}
