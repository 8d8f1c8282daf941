package sdk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// A connector says in its manifest what it can do. A connector of one's own keeps
// it in manifest.json and embeds it.
const stampManifest = `{
  "name": "stamp",
  "version": "1.0.0",
  "title": "Stamp office",
  "protocolVersion": 1,
  "capabilities": ["invoice"],
  "settings": {
    "type": "object",
    "additionalProperties": false,
    "required": ["baseUrl", "apiKey"],
    "properties": {
      "baseUrl": {"type": "string"},
      "apiKey": {"type": "string", "x-afara-secret": true}
    }
  },
  "operations": [
    {"name": "invoice.sign", "title": "Stamp", "effect": "keyed", "deadline": "30s", "settlesAfter": "60s", "lookup": "invoice.lookup"},
    {"name": "invoice.lookup", "title": "Find a stamp", "effect": "none", "deadline": "30s"}
  ]
}`

// stamp is a connector: no fields, for it keeps no state between calls.
type stamp struct{}

func (stamp) Manifest() []byte { return []byte(stampManifest) }

// SignInvoice has an effect. Whatever goes wrong once its request is out becomes
// an unknown outcome, and the engine looks it up.
func (stamp) SignInvoice(ctx context.Context, call *sdk.Call, in schemas.SignInput) (schemas.SignOutput, error) {
	vendor, err := sdk.Memo(ctx, call.Connection, connect)
	if err != nil {
		return schemas.SignOutput{}, err
	}
	answer, err := vendor.Do(ctx, httpclient.Request{Method: http.MethodPut, Path: "/stamps/" + in.IRN, Body: call.Document.Body})
	if err != nil {
		return schemas.SignOutput{}, err
	}
	return schemas.SignOutput{}, answer.Failure()
}

// LookupInvoice says what became of an earlier attempt. It never guesses.
func (stamp) LookupInvoice(ctx context.Context, call *sdk.Call, in schemas.LookupInput) (schemas.LookupOutput, error) {
	vendor, err := sdk.Memo(ctx, call.Connection, connect)
	if err != nil {
		return schemas.LookupOutput{}, err
	}
	answer, err := vendor.Do(ctx, httpclient.Request{Path: "/stamps/" + in.IRN})
	switch {
	case err != nil:
		return schemas.LookupOutput{}, err
	case answer.Status == http.StatusNotFound:
		return schemas.LookupOutput{Result: schemas.LookupNotFound}, nil
	}
	return schemas.LookupOutput{Result: schemas.LookupFoundFinal}, answer.Failure()
}

// connect makes the client of a connection, once for each version of it.
func connect(_ context.Context, c *sdk.Connection) (*httpclient.Client, error) {
	var s struct{ BaseURL, APIKey string }
	if err := c.Settings(&s); err != nil {
		return nil, err
	}
	return httpclient.New(httpclient.Options{BaseURL: s.BaseURL, Header: http.Header{"X-Api-Key": {s.APIKey}}})
}

// The main of a connector is one line, sdk.Serve(stamp{}). Here the connector
// runs in this process instead, and is called as an engine calls it.
func Example() {
	office := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusBadGateway) // it took the request: was it stamped?
	}))
	defer office.Close()

	connector, err := sdk.NewServer(stamp{})
	if err != nil {
		fmt.Println(err)
		return
	}
	call := &connectorpb.InvokeRequest{
		Connection: &connectorpb.Connection{Id: "con_1", Version: 1},
		Operation:  "invoice.sign",
		Parameters: []byte(`{"irn":"A1"}`),
	}
	answer, _ := connector.Invoke(context.Background(), call)
	fmt.Println("settings needed:", answer.ConnectionUnknown)

	call.Connection.Settings = []byte(`{"baseUrl":"` + office.URL + `","apiKey":"k"}`)
	answer, _ = connector.Invoke(context.Background(), call)
	fmt.Println("sign:", answer.GetError().Class)

	call.Operation = "invoice.lookup"
	call.Parameters = []byte(`{"operation":"invoice.sign","irn":"A1","issueDate":"2026-11-23","total":{"payable":1,"taxExclusive":1,"currency":"NGN"}}`)
	answer, _ = connector.Invoke(context.Background(), call)
	fmt.Println("lookup:", string(answer.GetResult()))
	// Output:
	// settings needed: true
	// sign: CLASS_UNKNOWN_OUTCOME
	// lookup: {"result":"not_found"}
}
