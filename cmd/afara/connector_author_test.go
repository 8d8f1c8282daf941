package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

func TestAConnectorBeginsWithOneCommand(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"go", "node"} {
		dir := filepath.Join(t.TempDir(), "remita")
		got := afaraWith(t, []string{"AFARA_SDK=" + here}, "connector", "new", "remita", "--lang", lang, "--dir", dir)
		if got.want(t) != dir || !strings.Contains(got.err, "make check") {
			t.Errorf("%s: %+v", lang, got)
		}
		page := afara(t, "connector", "docs", filepath.Join(dir, "manifest.json")).want(t)
		if !holds(page, []string{"# remita 0.1.0", "`remita.send` by `remita.find`", "| `signature_refused` | `unauthorized` |"}) {
			t.Errorf("%s: %s", lang, page)
		}
		if again := afaraWith(t, []string{"AFARA_SDK=" + here}, "connector", "new", "remita", "--lang", lang, "--dir", dir); again.code != 1 || !strings.Contains(again.err, "is not empty") {
			t.Errorf("%s, a second time: %+v", lang, again)
		}
	}
	if got := afara(t, "connector", "new", "remita", "--dir", filepath.Join(t.TempDir(), "x")); got.code != 1 || !holds(got.err, []string{"sdk: ", "checkout"}) {
		t.Errorf("of no release: %+v", got)
	}
}

func TestTheReferenceIsWrittenForInstalledConnectors(t *testing.T) {
	t.Parallel()
	pkg, keyID := packed(t)
	locked, out := t.TempDir(), filepath.Join(t.TempDir(), "echo.md")
	afara(t, "connector", "install", pkg, "--trust", keyID, "--plugin-dirs", locked).want(t)
	want, err := os.ReadFile("../../docs/reference/echo.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{locked, program(t, "plugins")} {
		afara(t, "connector", "docs", "echo", "--plugin-dirs", dir, "--out", out).want(t)
		if got, err := os.ReadFile(out); err != nil || string(got) != string(want) {
			t.Errorf("%s: another page, %v", dir, err)
		}
	}
	broken := filepath.Join(t.TempDir(), "manifest.json")
	if err := os.WriteFile(broken, []byte(`{"name":"X"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ says, arg string }{
		{"no connector nobody", "nobody"}, {"/name: ", broken}, {"no such file", "./nowhere"},
	} {
		if got := afara(t, "connector", "docs", c.arg, "--plugin-dirs", locked); got.code != 1 || !strings.Contains(got.err, c.says) {
			t.Errorf("%s: %+v, want %q", c.arg, got, c.says)
		}
	}
}

func TestAConnectorRunsOverAFileOfRequests(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	echo := program(t, "plugins/echo/echo")
	settings := file("settings.json", `{"baseUrl":"http://127.0.0.1:1/echo","apiKey":"secret-of-echo"}`)
	requests := file("requests.jsonl", `{"operation":"echo.say","parameters":{"text":"bawo ni, secret-of-echo"}}
{"operation":"invoice.sign","parameters":{"irn":"A"},"document":{"sample":{"number":"1","issueDate":"2026-11-23"}}}
{"operation":"echo.dance"}
`)
	got := afara(t, "connector", "run", echo, "--requests", requests, "--settings", settings)
	lines := strings.Split(got.want(t), "\n")
	for i, want := range []string{`"text":"bawo ni, [redacted]"`, `"class":"unavailable"`, `"class":"unsupported"`} {
		var one struct{ Line int }
		if len(lines) != 3 || json.Unmarshal([]byte(lines[i]), &one) != nil || one.Line != i+1 || !strings.Contains(lines[i], want) {
			t.Fatalf("line %d: want %s in\n%s", i+1, want, got.out)
		}
	}
	recorded := filepath.Join(dir, "recorded")
	afara(t, "connector", "run", echo, "--requests", requests, "--settings", settings, "--record", recorded).want(t)
	missing := file("more.jsonl", `{"check":true}`)
	if got := afara(t, "connector", "run", echo, "--requests", missing, "--settings", settings, "--replay", recorded); got.code != 1 ||
		!holds(got.err, []string{"GET /echo/v1/ping (baseUrl): no recording", "nobody asked for 0001.json"}) {
		t.Errorf("no recording: %+v", got)
	}
	if got := afara(t, "connector", "run", echo, "--requests", missing, "--record", "a", "--replay", "b"); got.code != 2 {
		t.Errorf("record and replay: %+v", got)
	}
	if got := afara(t, "connector", "run", echo, "--requests", file("faulty.jsonl", "{}"), "--settings", settings); got.code != 1 || !strings.Contains(got.err, "line 1") {
		t.Errorf("a faulty line: %+v", got)
	}
}

// TestTheConnectorsPageKeepsItsPromise looks at the page alone; .ci/authors walks
// it.
func TestTheConnectorsPageKeepsItsPromise(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/connectors.md")
	if err != nil {
		t.Fatal(err)
	}
	_, inNode, found := strings.Cut(string(raw), "\n## In Node\n")
	for lang, page := range map[string]string{"go": string(raw), "node": inNode} {
		block := regexp.MustCompile("(?s)```sh\n(.*?)```").FindStringSubmatch(page)
		if !found || len(block) == 0 || strings.Count(block[1], "\n") != 5 || !strings.HasPrefix(block[1], "afara connector new acme") || !strings.HasSuffix(block[1], "make check\n") {
			t.Errorf("%s: the page does not begin with five commands from new to check: %q", lang, block)
		}
	}
	for _, command := range regexp.MustCompile(`(?m)^afara (connector [a-z]+) (.*)$`).FindAllStringSubmatch(string(raw), -1) {
		help := afara(t, append(strings.Fields(command[1]), "--help")...).want(t)
		for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(command[2], -1) {
			if !strings.Contains(help, flag) {
				t.Errorf("%s has no flag %s", command[1], flag)
			}
		}
	}
}

// TestTheProtocolsPageSaysWhatTheContractHas finds what a change of the contract
// would leave behind on the page.
func TestTheProtocolsPageSaysWhatTheContractHas(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	handshake := sdk.Handshake()
	want := []string{
		"| `" + handshake.MagicCookieKey + "` | `" + handshake.MagicCookieValue + "`.",
		fmt.Sprintf("Version %d is the only one", sdk.ProtocolVersion),
		fmt.Sprintf("| a message to you | %d MiB", sdk.MaxMessageBytes>>20),
		fmt.Sprintf("| `state` | %d KiB |", sdk.MaxStateBytes>>10),
		fmt.Sprintf("`vendor_answer` at %d KiB", sdk.MaxVendorAnswerBytes>>10),
		"`" + connectorpb.Connector_ServiceDesc.ServiceName + "`",
	}
	for _, m := range connectorpb.Connector_ServiceDesc.Methods {
		want = append(want, "| `"+m.MethodName+"` |")
	}
	for _, m := range connectorpb.Connector_ServiceDesc.Streams {
		want = append(want, "| `"+m.StreamName+"` |")
	}
	for number, name := range connectorpb.Class_name {
		if number != 0 {
			want = append(want, "| `"+strings.ToLower(strings.TrimPrefix(name, "CLASS_"))+"` |")
		}
	}
	for _, text := range want {
		if !strings.Contains(string(raw), text) {
			t.Errorf("docs/protocol.md does not say %s", text)
		}
	}
}
