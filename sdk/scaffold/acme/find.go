package main

import (
	"context"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// findInput and findOutput are what the manifest's schemas of find describe.
type (
	findInput struct {
		Reference string `json:"reference"`
		Text      string `json:"text"`
	}
	findOutput struct {
		Reference string `json:"reference"`
		schemas.LookupOutput
	}
)

// find says whether Acme has the message, and whether it is ours: the same
// reference with another text is somebody else's. It never guesses.
func find(ctx context.Context, call *sdk.Call, in findInput) (findOutput, error) {
	out := findOutput{Reference: in.Reference}
	client, err := clientOf(ctx, call.Connection)
	if err != nil {
		return out, err
	}
	found, ok, err := client.Find(ctx, in.Reference)
	switch {
	case err != nil:
		return out, err
	case !ok:
		out.Result = schemas.LookupNotFound
	case found.Text != in.Text:
		out.Result = schemas.LookupFoundDifferent
		out.Differences = []schemas.Difference{{Field: "text", Expected: in.Text, Found: found.Text}}
	default:
		out.Result = schemas.LookupFoundFinal
	}
	return out, nil
}
