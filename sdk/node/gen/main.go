// Command gen makes what the SDK for Node needs of the contract and of the
// schemas, as JSON: Node then needs no compiler and no file beside the program.
//
// It runs in the folder of the SDK, through go generate.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

const library = "afara"

func main() {
	if err := errors.Join(writeContract(), writeOperations()); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// writeContract writes the five calls and gRPC's question for health.
func writeContract() error {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&descriptorpb.FileDescriptorSet{
		File: []*descriptorpb.FileDescriptorProto{
			protodesc.ToFileDescriptorProto(healthpb.File_grpc_health_v1_health_proto),
			protodesc.ToFileDescriptorProto(connectorpb.File_connector_proto),
		},
	})
	if err != nil {
		return fmt.Errorf("encode contract: %w", err)
	}
	return writeJSON("contract.json", map[string]any{"descriptorSet": raw})
}

// writeOperations writes the input schemas of the standard operations, each by
// its operation.
func writeOperations() error {
	out := map[string]json.RawMessage{}
	for _, id := range schemas.IDs() {
		name := strings.TrimSuffix(path.Base(string(id)), ".json")
		if !strings.Contains(string(id), "/operations/") || !strings.HasSuffix(name, ".input") {
			continue
		}
		raw, err := schemas.Source(id)
		if err != nil {
			return err
		}
		out[name] = raw
	}
	return writeJSON("operations.json", out)
}

func writeJSON(name string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return os.WriteFile(path.Join(library, name), append(raw, '\n'), 0o644)
}
