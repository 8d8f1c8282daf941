// Command keeper is a connector whose signing ends in a doubt and leaves state.
// The build that left it does not know how it ended; another build does, and only
// by that state.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"strings"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

//go:embed manifest.json
var manifest []byte

// version is set by the linker.
var version = first

const first = "1.0.0"

func main() { sdk.Serve(connector{}) }

type connector struct{}

func (connector) Manifest() []byte {
	return bytes.Replace(manifest, []byte(`"version": "`+first+`"`), []byte(`"version": "`+version+`"`), 1)
}

func (connector) Check(context.Context, *sdk.Connection) error { return nil }

func (connector) PrepareInvoice(_ context.Context, _ *sdk.Call, in schemas.PrepareInput) (schemas.PrepareOutput, error) {
	irn := in.ReferenceKey + "-KEEP0001-" + strings.ReplaceAll(in.IssueDate, "-", "")
	return schemas.PrepareOutput{IRN: irn, QRCodeData: "QR of " + irn}, nil
}

func (connector) ValidateInvoice(context.Context, *sdk.Call, schemas.ValidateInput) error { return nil }

func (connector) SignInvoice(_ context.Context, call *sdk.Call, in schemas.SignInput) (schemas.SignOutput, error) {
	call.SetState(state(version, in.IRN))
	return schemas.SignOutput{}, sdk.UnknownOutcomef("no_answer", "the vendor gave no answer")
}

func (connector) LookupInvoice(_ context.Context, call *sdk.Call, in schemas.LookupInput) (schemas.LookupOutput, error) {
	switch {
	case version == first:
		return schemas.LookupOutput{Result: schemas.LookupFoundPending}, nil
	case bytes.Equal(call.State, state(first, in.IRN)):
		return schemas.LookupOutput{Result: schemas.LookupFoundFinal}, nil
	default:
		return schemas.LookupOutput{Result: schemas.LookupCannotTell}, nil
	}
}

func state(of, irn string) []byte { return []byte(of + " left this for " + irn) }
