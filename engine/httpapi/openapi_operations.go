package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/afara-dev/afara/schemas"
)

const (
	pathOperation = "/si/connections/{id}/operations/{operation}"
	keyParameter  = "#/components/parameters/IdempotencyKey"
)

// declared is one operation and the connectors that declare it.
type declared struct {
	schemas.Operation
	connectors      []string
	inputs, outputs []any // each schema once
}

// withOperations is the document with a path for each operation of the installed
// connectors: what POST /si/connections/{id}/operations/{operation} takes and
// answers for it.
func withOperations(doc map[string]any, source []byte, manifests []*schemas.Manifest) (map[string]any, []byte, error) {
	all, err := operationsOf(manifests)
	if err != nil || len(all) == 0 {
		return doc, source, err
	}
	paths, _ := doc["paths"].(map[string]any)
	item, _ := paths[pathOperation].(map[string]any)
	static, _ := item["post"].(map[string]any)
	responses, _ := static["responses"].(map[string]any)
	if responses == nil {
		return nil, nil, fmt.Errorf("openapi.yaml has no POST %s", pathOperation)
	}
	made := map[string]any{}
	for name, op := range all {
		made[strings.Replace(pathOperation, "{operation}", name, 1)] = map[string]any{"post": op.describe(responses)}
	}
	paths = maps.Clone(paths)
	maps.Copy(paths, made)
	doc = maps.Clone(doc)
	doc["paths"] = paths
	source, err = spliced(source, made)
	return doc, source, err
}

func operationsOf(manifests []*schemas.Manifest) (map[string]*declared, error) {
	all := map[string]*declared{}
	for _, m := range manifests {
		for _, op := range m.Operations {
			d := all[op.Name]
			if d == nil {
				d = &declared{Operation: op}
				all[op.Name] = d
			}
			if !slices.Contains(d.connectors, m.Name) { // two versions of one connector may serve
				d.connectors = append(d.connectors, m.Name)
			}
			document, _ := schemas.OperationDocument(op.Name)
			for _, s := range []struct {
				into               *[]any
				own                json.RawMessage
				standard, document schemas.ID
			}{{&d.inputs, op.Input, schemas.OperationInput(op.Name), document}, {&d.outputs, op.Output, schemas.OperationOutput(op.Name), ""}} {
				if err := add(s.into, s.own, s.standard, s.document); err != nil {
					return nil, fmt.Errorf("operation %s of %s: %w", op.Name, m.Name, err)
				}
			}
		}
	}
	return all, nil
}

// add adds a connector's own schema, or else the standard one, if it is not
// there yet, with the document that stands beside the input's members.
func add(into *[]any, own json.RawMessage, standard, document schemas.ID) error {
	var schema any = map[string]any{"$ref": string(standard)}
	if document != "" && len(own) == 0 {
		var err error
		if own, err = schemas.Source(standard); err != nil {
			return err
		}
	}
	if len(own) > 0 {
		var object map[string]any
		if err := json.Unmarshal(own, &object); err != nil {
			return err
		}
		if _, named := object["$id"]; !named && bytes.Contains(own, []byte(`"$ref"`)) {
			// Its references to parts of itself must not lead into this document.
			object["$id"] = fmt.Sprintf("urn:afara:schema:%x", sha256.Sum256(own))
		}
		if document != "" {
			withDocument(object, document)
		}
		schema = object
	}
	for _, have := range *into {
		if same(have, schema) {
			return nil
		}
	}
	*into = append(*into, schema)
	return nil
}

// withDocument makes of the schema of an input that of a body.
func withDocument(input map[string]any, document schemas.ID) {
	delete(input, "$id") // it is not the input alone any more
	delete(input, "$schema")
	properties, _ := input["properties"].(map[string]any)
	if properties == nil {
		properties = map[string]any{}
		input["properties"] = properties
	}
	properties[memberDocument] = map[string]any{"$ref": string(document), "description": "The document that the operation is about, as the connector gets it."}
}

func same(a, b any) bool {
	one, err := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return err == nil && err2 == nil && bytes.Equal(one, other)
}

// anyOf is the one schema, or a choice where connectors declare different ones.
func anyOf(all []any) any {
	if len(all) == 1 {
		return all[0]
	}
	return map[string]any{"anyOf": all}
}

// describe is the operation as OpenAPI tells it; what may be answered beside a
// result is the same for all.
func (d *declared) describe(static map[string]any) map[string]any {
	parameters := []any{map[string]any{"$ref": "#/components/parameters/ConnectionPath"}}
	effect := "It has no effect."
	if d.Effect != schemas.EffectNone {
		parameters = append(parameters, map[string]any{"$ref": keyParameter})
		effect = "It has an effect: send an `Idempotency-Key`."
	}
	responses := maps.Clone(static)
	responses["200"] = d.done()
	if d.Effect == schemas.EffectNone {
		delete(responses, "202")
	}
	text := fmt.Sprintf("Of the connectors %s. %s", strings.Join(d.connectors, ", "), effect)
	if d.SandboxOnly {
		text += " In the sandbox only."
	}
	out := map[string]any{
		"operationId": "call_" + strings.NewReplacer(".", "_", "-", "_").Replace(d.Name), "tags": []any{"connections"}, "summary": d.Title, "description": text,
		"parameters": parameters, "responses": responses, "x-afara-connectors": slices.Clone(d.connectors), "x-afara-effect": d.Effect,
		"requestBody": map[string]any{"required": false, "content": map[string]any{"application/json": map[string]any{"schema": anyOf(d.inputs)}}},
	}
	if d.Deadline > 0 {
		out["x-afara-deadline"] = time.Duration(d.Deadline).String()
	}
	return out
}

// done is the answer with the operation's result in it.
func (d *declared) done() map[string]any {
	result := anyOf(d.outputs)
	if d.Effect != schemas.EffectNone { // a look-up that found it does not know what was answered
		result = map[string]any{"anyOf": []any{result, map[string]any{"type": "null"}}}
	}
	schema := map[string]any{
		"type": "object", "additionalProperties": false, "required": []any{"operation", "result"},
		"properties": map[string]any{"operation": map[string]any{"const": d.Name}, "result": result},
	}
	return map[string]any{
		"description": "What the operation answered.",
		"headers": map[string]any{
			"X-Request-Id":         map[string]any{"$ref": "#/components/headers/RequestID"},
			"Idempotency-Replayed": map[string]any{"$ref": "#/components/headers/Replayed"},
		},
		"content": map[string]any{"application/json": map[string]any{"schema": schema}},
	}
}

// spliced puts paths behind those of the text, which stays as it is otherwise.
func spliced(source []byte, paths map[string]any) ([]byte, error) {
	var more bytes.Buffer
	e := yaml.NewEncoder(&more)
	e.SetIndent(2)
	if err := e.Encode(map[string]any{"paths": paths}); err != nil {
		return nil, fmt.Errorf("write operations: %w", err)
	}
	_, text, _ := bytes.Cut(more.Bytes(), []byte("\n"))
	head, tail, ok := bytes.Cut(source, []byte("\ncomponents:\n"))
	if !ok {
		return nil, fmt.Errorf("openapi.yaml has no components behind its paths")
	}
	return slices.Concat(head, []byte("\n"), text, []byte("components:\n"), tail), nil
}
