package main

import (
	"context"

	"github.com/afara-dev/afara/sdk"
)

// sendInput and sendOutput are what the manifest's schemas of send describe.
type (
	sendInput struct {
		Reference string `json:"reference"`
		Text      string `json:"text"`
	}
	sendOutput struct {
		Number int64 `json:"number"`
	}
)

// send sends a message: the one operation here with an effect. Acme refuses a
// reference that it knows; that refusal does not say whose message it knows, so
// the client answers unknown_outcome and the engine looks it up.
func send(ctx context.Context, call *sdk.Call, in sendInput) (sendOutput, error) {
	client, err := clientOf(ctx, call.Connection)
	if err != nil {
		return sendOutput{}, err
	}
	sent, err := client.Send(ctx, in.Reference, in.Text, call.Key)
	return sendOutput{Number: sent.Number}, err
}
