package main

import (
	"context"

	"github.com/afara-dev/afara/sdk"
)

// sayInput and sayOutput are what the manifest's schemas of echo.say describe.
type (
	sayInput struct {
		Text string `json:"text"`
	}
	sayOutput struct {
		Text string `json:"text"`
	}
)

// Operations are the connector's own, named with its name.
func (connector) Operations() map[string]sdk.Handler {
	return map[string]sdk.Handler{"echo.say": sdk.Handle(say)}
}

func say(_ context.Context, _ *sdk.Call, in sayInput) (sayOutput, error) {
	return sayOutput(in), nil
}
