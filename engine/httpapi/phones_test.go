package httpapi_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

// phones are MTN's SIMs as its connector tells of them: by its own manifest, to
// which what is asked and answered is held, over a real network.
type phones struct {
	*simnet.Network
	manifest *schemas.Manifest
}

// mtnManifest reads it once for all tests.
var mtnManifest = sync.OnceValues(func() (*schemas.Manifest, error) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "plugins", "mtn", "manifest.json"))
	if err != nil {
		return nil, err
	}
	return schemas.ParseManifest(raw)
})

func newPhones(t testing.TB, now func() time.Time) *phones {
	t.Helper()
	m, err := mtnManifest()
	must(t, err)
	p := &phones{simnet.New(simnet.Options{Now: now}), m}
	t.Cleanup(func() { _ = p.Close() }) // never fails
	return p
}

// prompt asks a SIM for money and answers the prompt's id.
func (p *phones) prompt(t testing.TB, number, reference string, amount int64) string {
	t.Helper()
	_, err := p.Begin(simnet.Order{Operator: "mtn", Reference: reference, Kind: simnet.Collect, Account: "shop", Number: number, Country: "CI", Currency: "XOF", Amount: amount, Text: "Pay the shop"})
	must(t, err)
	return reference
}

func (p *phones) invoke(c domain.Call) domain.Outcome {
	refused := func(class domain.Class, code string, err error) domain.Outcome {
		return domain.Outcome{Class: class, Error: &domain.ConnectorError{Class: class, Code: code, Message: err.Error()}}
	}
	op, _ := p.manifest.Operation(c.Operation)
	if err := holds(op.Input, c.Parameters); err != nil {
		return refused(domain.ClassInvalid, "parameters_invalid", err)
	}
	said, err := p.answer(c)
	if err != nil {
		return refused(domain.ClassInvalid, "refused_by_simulator", err)
	}
	result, err := json.Marshal(said)
	if err == nil {
		err = holds(op.Output, result)
	}
	if err != nil {
		return refused(domain.ClassInternal, "result_invalid", err)
	}
	return domain.Outcome{Class: domain.ClassResult, Result: result}
}

func holds(schema, document json.RawMessage) error {
	if len(schema) == 0 {
		return nil // a standard operation, whose schema is not the manifest's
	}
	s, err := schemas.Compile(schema)
	if err != nil {
		return err
	}
	return s.Validate(document)
}

func (p *phones) answer(c domain.Call) (any, error) {
	var in struct {
		MSISDN, Country, Currency, Name, PIN, After string
		OperatorReference, Answer, Policy           string
		Balance                                     int64
		Blocked                                     bool
		Limit                                       int
	}
	if err := json.Unmarshal(c.Parameters, &in); err != nil {
		return nil, err
	}
	switch strings.TrimPrefix(c.Operation, "mtn.") {
	case schemas.OpPaymentPrepare:
		return schemas.PaymentPrepareOutput{OperatorReference: "ref-" + string(c.Message)}, nil
	case schemas.OpPaymentCollect, schemas.OpPaymentRefund, schemas.OpPaymentDisburse:
		return schemas.PaymentOutput{Status: schemas.PaymentSuccess, ProviderTxID: "SIM_1", Raw: json.RawMessage(`{"_simulated":true}`)}, nil
	case schemas.OpPaymentLookup:
		return schemas.PaymentLookupOutput{Result: string(domain.LookupFoundFinal), Status: schemas.PaymentSuccess, ProviderTxID: "SIM_1", Raw: json.RawMessage(`{"_simulated":true}`)}, nil
	case "put_sim":
		err := p.PutSIM(simnet.SIM{Operator: "mtn", Number: in.MSISDN, Country: in.Country, Currency: in.Currency, Name: in.Name, Balance: in.Balance, Blocked: in.Blocked, PIN: in.PIN})
		if err != nil {
			return nil, err
		}
		s, err := p.SIM("mtn", in.MSISDN)
		return told(s), err
	case "list_sims":
		list := []any{}
		for _, s := range p.SIMs(simnet.Filter{Operator: "mtn", Number: in.MSISDN, After: in.After, Limit: in.Limit}) {
			list = append(list, told(s))
		}
		return map[string]any{"sims": list}, nil
	case "set_policy":
		return struct{}{}, p.SetPolicy("mtn", "CI", in.Policy)
	case "remove_sim":
		return struct{}{}, p.RemoveSIM("mtn", in.MSISDN)
	case "list_prompts":
		list := []any{}
		for _, t := range p.Prompts(simnet.Filter{Operator: "mtn", Number: in.MSISDN, Limit: in.Limit}) {
			list = append(list, map[string]any{
				"operatorReference": t.Reference, "msisdn": t.Number, "amount": t.Amount, "currency": t.Currency, "text": t.Text, "expiresAt": t.ExpiresAt,
			})
		}
		return map[string]any{"prompts": list}, nil
	default:
		t, err := p.Answer("mtn", in.OperatorReference, in.Answer, in.PIN)
		return map[string]any{"status": t.Outcome}, err
	}
}

// told is a SIM in the connector's words.
func told(s simnet.SIM) map[string]any {
	return map[string]any{"msisdn": s.Number, "country": s.Country, "currency": s.Currency, "name": s.Name, "balance": s.Balance, "blocked": s.Blocked, "pin": s.PIN}
}

// mtn connects a caller to MTN in a country.
func (w *world) mtn(c caller, country string) domain.ConnectionID {
	w.t.Helper()
	made, err := w.registry.Put(w.t.Context(), registry.NewConnection{
		Environment: c.environment.ID, Kind: c.environment.Kind, Connector: "mtn", Name: "mtn-" + strings.ToLower(country), Enabled: true,
		Settings: json.RawMessage(`{"baseUrl":"http://127.0.0.1:8090/mtn","country":"` + country + `","collectionKey":"k","apiKey":"k","apiUser":"6f1e4a52-8f0b-4d55-9a38-0d6a3c1d2b10"}`),
	})
	must(w.t, err)
	return made.ID
}
