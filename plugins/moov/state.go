package main

import (
	"encoding/json"

	"github.com/afara-dev/afara/sdk"
)

// state is what an attempt leaves for its look-ups. Moov finds a transaction by
// its own id alone, which only the first answer tells.
type state struct {
	Version int    `json:"v"`
	TransID string `json:"transid"`
}

const stateVersion = 1

// remember leaves Moov's id, if there is one.
func remember(call *sdk.Call, id string) {
	if id == "" {
		return
	}
	raw, err := json.Marshal(state{stateVersion, id})
	if err == nil { // it is a number and a text
		call.SetState(raw)
	}
}

// remembered is Moov's id that an earlier attempt left, or empty.
func remembered(call *sdk.Call) string {
	var s state
	if json.Unmarshal(call.State, &s) != nil || s.Version != stateVersion {
		return ""
	}
	return s.TransID
}
