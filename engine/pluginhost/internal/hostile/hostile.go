// Package hostile describes the connectors that the host's tests run as real
// processes: one that behaves, and one that does what connectors should not.
// Both take their name from their executable's, so that one build serves many.
package hostile

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/afara-dev/afara/schemas"
)

// Version is what every test connector calls itself that is not built as a Later
// one.
const (
	Version = "1.2.3"
	Later   = "2.0.0"
)

// build is set by the linker.
var build = Version

// Build is the version of the running connector.
func Build() string { return build }

// Name is that of the running connector.
func Name() string { return filepath.Base(os.Args[0]) }

// Good is the manifest of the connector that behaves.
func Good(name string) []byte { return manifest(name, Version, nil, "echo") }

// Poisoned is the name under which the bad connector registers invoices, and
// dies of those whose number begins with PoisonPrefix.
const (
	Poisoned     = "poisoned"
	PoisonPrefix = "POISON"
)

// Bad is the manifest of the connector that does not. Operations that end in
// _effect have an effect that the vendor does not guard.
func Bad(name string) []byte { return BadAt(name, Build()) }

// BadAt is that of a build of it.
func BadAt(name, version string) []byte {
	if name == Poisoned {
		return manifest(name, version, nil, "prepare", "validate", "sign", "lookup")
	}
	return manifest(name, version, []map[string]any{{"name": "push", "title": "What the request says"}},
		"echo", "strict", "log", "stdout", "environ", "huge", "wrong", "wrong_effect", "slow", "slow_effect",
		"exit", "exit_effect", "huge_effect", "child", "status", "status_effect", "classed", "empty_effect",
		"tardy", "deadline", "leak", "refresh", "panic", "state", "state_effect", "sandbox", "quick", "print", "prepare", "fences", "eat", "eat_effect", "fork", "babble", "build")
}

// Liar is the manifest that a connector shows which is not what it installed.
func Liar(name string) []byte { return manifest(name, "9.9.9", nil, "echo") }

func manifest(name, version string, webhooks []map[string]any, verbs ...string) []byte {
	operations, capability := []map[string]any{}, "test"
	if name == Poisoned {
		capability = "invoice"
	}
	for _, verb := range verbs {
		operations = append(operations, operation(name, version, verb))
	}
	m := map[string]any{
		"name": name, "version": version, "title": "A test connector", "protocolVersion": 1,
		"streams": streams(name, verbs), "capabilities": []string{capability}, "operations": operations,
		"settings": map[string]any{
			"type": "object", "additionalProperties": false,
			"properties": map[string]any{
				"region": map[string]any{"type": "string"},
				"apiKey": map[string]any{"$ref": "#/$defs/key"},
			},
			"$defs": map[string]any{"key": map[string]any{"type": "string", "x-afara-secret": true}},
		},
	}
	if webhooks != nil {
		m["webhooks"] = webhooks
	}
	raw, err := json.Marshal(m)
	if err != nil {
		panic(err) // of maps and strings: cannot happen
	}
	return raw
}

// Streams are what the connector that misbehaves can be pulled for: each does
// what its name says. Cursors are numbers, in decimal.
func Streams() []string {
	return []string{
		"plain", "invoices", "invoices_wrong", "refuses", "half", "silent", "exits", "forgets", "huge", "endless", "greedy", "refreshes",
		"no_cursor", "long_cursor", "no_key", "long_key", "nul_key", "not_json", "large", "digest", "far", "limit", "stuck",
	}
}

// streams are those of a connector with more than one operation; one that dies of
// its messages does not die of a pull beside.
func streams(name string, verbs []string) (out []map[string]any) {
	if name == Poisoned || len(verbs) == 1 {
		return []map[string]any{}
	}
	for _, name := range Streams() {
		s := map[string]any{"name": name, "title": name}
		if strings.HasPrefix(name, "invoices") {
			s["document"] = schemas.InvoiceV1
		}
		out = append(out, s)
	}
	return out
}

func operation(name, version, verb string) map[string]any {
	anything := map[string]any{"type": "object"}
	op := map[string]any{
		"name": name + "." + verb, "title": verb, "effect": "none", "deadline": "20s",
		"input": anything, "output": anything,
	}
	if ok, _ := filepath.Match("*_effect", verb); ok {
		op["effect"], op["settlesAfter"] = "unkeyed", "30s"
	}
	switch verb {
	case "prepare", "validate", "sign", "lookup": // the standard ones, whose schemas are not the connector's
		op["name"] = "invoice." + verb
		delete(op, "input")
		delete(op, "output")
		if verb == "sign" {
			op["effect"], op["settlesAfter"], op["lookup"] = "keyed", "30s", "invoice.lookup"
		}
	case "strict", "wrong", "wrong_effect":
		op["input"] = map[string]any{
			"type": "object", "additionalProperties": false, "required": []string{"irn"},
			"properties": map[string]any{"irn": map[string]any{"type": "string"}},
		}
		op["output"] = op["input"]
	case "build": // each build promises to name itself
		op["output"] = map[string]any{
			"type": "object", "required": []string{"build"},
			"properties": map[string]any{"build": map[string]any{"const": version}},
		}
	case "sandbox":
		op["sandboxOnly"] = true
	case "quick":
		op["deadline"] = "500ms"
	}
	return op
}
