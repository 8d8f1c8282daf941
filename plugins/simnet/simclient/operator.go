package simclient

import (
	"context"
	"net/http"
	"net/url"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// Merchant is a connection as the network knows it.
type Merchant struct {
	Client Client
	// Sandbox says that the connection is one: no other reaches a stand-in.
	Sandbox bool
	// Country and Currency are what a SIM has that is put without.
	Country, Currency string
	// Account is the name of the account that payouts empty. Empty where the
	// connector has no put_float.
	Account string
}

// Operator is one of those in the network.
type Operator struct {
	// Name is the operator's in the network, and the connector's.
	Name string
	// Open answers a connection's merchant; its error ends the call.
	Open func(context.Context, *sdk.Connection) (Merchant, error)
}

// Operations are the connector's own, all of the sandbox: the stand-in's state,
// which decides how payments end there. None of them moves money by itself. The
// manifest has to declare each.
func (o Operator) Operations() map[string]sdk.Handler {
	return map[string]sdk.Handler{
		o.Name + ".put_sim":       sdk.Handle(o.putSIM),
		o.Name + ".list_sims":     sdk.Handle(o.listSIMs),
		o.Name + ".remove_sim":    sdk.Handle(o.removeSIM),
		o.Name + ".list_prompts":  sdk.Handle(o.listPrompts),
		o.Name + ".answer_prompt": sdk.Handle(o.answerPrompt),
		o.Name + ".set_policy":    sdk.Handle(o.setPolicy),
	}
}

// OperationsWithFloat are Operations and put_float, for an operator whose
// connector pays out.
func (o Operator) OperationsWithFloat() map[string]sdk.Handler {
	all := o.Operations()
	all[o.Name+".put_float"] = sdk.Handle(o.putFloat)
	return all
}

// open answers the merchant of a call. The engine lets no call from production
// come here, and neither does this.
func (o Operator) open(ctx context.Context, call *sdk.Call) (Merchant, error) {
	m, err := o.Open(ctx, call.Connection)
	if err == nil && !m.Sandbox {
		err = sdk.Unsupportedf("sandbox_only", "%s is an operation of the sandbox", call.Operation)
	}
	return m, err
}

// ask sends a call's request to the stand-in.
func (o Operator) ask(ctx context.Context, call *sdk.Call, method, path string, query url.Values, in, into any) error {
	m, err := o.open(ctx, call)
	if err != nil {
		return err
	}
	return m.Client.ask(ctx, method, path, query, in, into)
}

func (o Operator) putFloat(ctx context.Context, call *sdk.Call, in struct{ Balance int64 }) (schemas.Empty, error) {
	m, err := o.open(ctx, call)
	if err != nil {
		return schemas.Empty{}, err
	}
	return schemas.Empty{}, m.Client.ask(ctx, http.MethodPut, "/accounts", nil, map[string]any{
		"operator": o.Name, "name": m.Account, "currency": m.Currency, "balance": in.Balance,
	}, nil)
}

func (o Operator) setPolicy(ctx context.Context, call *sdk.Call, in struct{ Policy string }) (schemas.Empty, error) {
	m, err := o.open(ctx, call)
	if err != nil {
		return schemas.Empty{}, err
	}
	return schemas.Empty{}, m.Client.ask(ctx, http.MethodPut, "/policies", nil, map[string]string{
		"operator": o.Name, "country": m.Country, "policy": in.Policy,
	}, nil)
}
