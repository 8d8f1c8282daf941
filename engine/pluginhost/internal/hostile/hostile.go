// Package hostile describes the connectors that the host's tests run as real
// processes: one that behaves, and one that does what connectors should not.
// Both take their name from their executable's, so that one build serves many.
package hostile

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// Version is what every test connector calls itself.
const Version = "1.2.3"

// Name is that of the running connector.
func Name() string { return filepath.Base(os.Args[0]) }

// Good is the manifest of the connector that behaves.
func Good(name string) []byte { return manifest(name, Version, "echo") }

// Bad is the manifest of the connector that does not. Operations that end in
// _effect have an effect that the vendor does not guard.
func Bad(name string) []byte {
	return manifest(name, Version,
		"echo", "strict", "log", "stdout", "environ", "huge", "wrong", "wrong_effect", "slow", "slow_effect",
		"exit", "exit_effect", "huge_effect", "child", "status", "status_effect", "classed", "empty_effect",
		"leak", "refresh", "panic", "state", "state_effect", "sandbox", "quick", "print", "prepare")
}

// Liar is the manifest that a connector shows which is not what it installed.
func Liar(name string) []byte { return manifest(name, "9.9.9", "echo") }

func manifest(name, version string, verbs ...string) []byte {
	operations := []map[string]any{}
	for _, verb := range verbs {
		operations = append(operations, operation(name, verb))
	}
	raw, err := json.Marshal(map[string]any{
		"name": name, "version": version, "title": "A test connector", "protocolVersion": 1,
		"capabilities": []string{"test"}, "operations": operations,
		"settings": map[string]any{
			"type": "object", "additionalProperties": false,
			"properties": map[string]any{
				"region": map[string]any{"type": "string"},
				"apiKey": map[string]any{"$ref": "#/$defs/key"},
			},
			"$defs": map[string]any{"key": map[string]any{"type": "string", "x-afara-secret": true}},
		},
	})
	if err != nil {
		panic(err) // of maps and strings: cannot happen
	}
	return raw
}

func operation(name, verb string) map[string]any {
	anything := map[string]any{"type": "object"}
	op := map[string]any{
		"name": name + "." + verb, "title": verb, "effect": "none", "deadline": "20s",
		"input": anything, "output": anything,
	}
	if ok, _ := filepath.Match("*_effect", verb); ok {
		op["effect"], op["settlesAfter"] = "unkeyed", "30s"
	}
	switch verb {
	case "prepare": // the standard one, whose schemas are not the connector's
		op["name"] = "invoice.prepare"
		delete(op, "input")
		delete(op, "output")
	case "strict", "wrong", "wrong_effect":
		op["input"] = map[string]any{
			"type": "object", "additionalProperties": false, "required": []string{"irn"},
			"properties": map[string]any{"irn": map[string]any{"type": "string"}},
		}
		op["output"] = op["input"]
	case "sandbox":
		op["sandboxOnly"] = true
	case "quick":
		op["deadline"] = "500ms"
	}
	return op
}
