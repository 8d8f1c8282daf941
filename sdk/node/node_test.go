package node_test

import (
	"encoding/json"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
	"github.com/afara-dev/afara/sdk/node"
)

// TestNodeHasTheContract fails until `make generate` has run.
func TestNodeHasTheContract(t *testing.T) {
	t.Parallel()
	var contract struct{ DescriptorSet []byte }
	read(t, "afara/contract.json", &contract)
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(contract.DescriptorSet, &set); err != nil || len(set.File) != 2 {
		t.Fatalf("%d files, %v", len(set.GetFile()), err)
	}
	if !proto.Equal(set.File[1], protodesc.ToFileDescriptorProto(connectorpb.File_connector_proto)) {
		t.Error("afara/contract.json is out of date: run make generate")
	}
}

func TestNodeHasTheStandardOperations(t *testing.T) {
	t.Parallel()
	var operations map[string]any
	read(t, "afara/operations.json", &operations)
	for _, name := range []string{
		schemas.OpInvoicePrepare, schemas.OpInvoiceValidate, schemas.OpInvoiceSign, schemas.OpInvoiceLookup,
		schemas.OpInvoiceTransmit, schemas.OpInvoiceReportPayment, schemas.OpInvoiceReportB2C, schemas.OpInvoiceWriteBack,
	} {
		raw, err := schemas.Source(schemas.OperationInput(name))
		if err != nil {
			t.Fatal(err)
		}
		var want any
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(want)
		b, _ := json.Marshal(operations[name+".input"])
		if string(a) != string(b) {
			t.Errorf("%s is out of date: run make generate", name)
		}
	}
}

func read(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := node.Files.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
