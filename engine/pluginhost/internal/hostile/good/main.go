// Command good is a connector that behaves, built on the SDK as a connector
// author would.
package main

import (
	"context"
	"encoding/json"

	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
	"github.com/afara-dev/afara/sdk"
)

type connector struct{}

func (connector) Manifest() []byte { return hostile.Good(hostile.Name()) }

func (connector) Operations() map[string]sdk.Handler {
	return map[string]sdk.Handler{hostile.Name() + ".echo": sdk.Handle(echo)}
}

func echo(ctx context.Context, _ *sdk.Call, in json.RawMessage) (json.RawMessage, error) {
	sdk.Log(ctx).Debug("a detail", "in", string(in))
	return in, nil
}

func main() { sdk.Serve(connector{}) }
