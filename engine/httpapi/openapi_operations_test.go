package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/schemas"
)

// The document tells of each operation of the installed connectors what it takes
// and answers, and is as it is in the source otherwise.
func TestTheDocumentHasTheOperationsOfTheInstalledConnectors(t *testing.T) {
	t.Parallel()
	var installed []*schemas.Manifest
	for _, name := range []string{"echo", "firs"} {
		raw, err := os.ReadFile(filepath.Join("..", "..", "plugins", name, "manifest.json"))
		must(t, err)
		m, err := schemas.ParseManifest(raw)
		must(t, err)
		installed = append(installed, m)
	}
	// Another connector has an operation of that name with other schemas, one of
	// which refers to its own parts.
	installed = append(installed, &schemas.Manifest{Name: "other", Operations: []schemas.Operation{{
		Name: "echo.say", Title: "Say", Effect: "none", Output: json.RawMessage(`{"type":"object"}`),
		Input: json.RawMessage(`{"type":"object","properties":{"n":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"integer"}}}`),
	}}})
	w := newWorld(t, func(c *httpapi.Config, _ *ingest.Config) { c.Connectors.(*host).manifests = installed })
	served := w.want(http.StatusOK, nil, "", "GET", "/openapi.yaml", "")
	c, err := contractOf(served.body)
	must(t, err)
	var asJSON map[string]any
	w.want(http.StatusOK, &asJSON, "", "GET", "/openapi.json", "")
	if raw, err := json.Marshal(c.doc); err != nil || !sameJSON(t, raw, asJSON) {
		t.Error("the two documents differ")
	}
	static, paths := w.contract.doc["paths"].(map[string]any), c.doc["paths"].(map[string]any)
	for path, item := range static {
		if !reflect.DeepEqual(item, paths[path]) {
			t.Errorf("%s is not as in the source", path)
		}
	}
	names := map[string]bool{}
	for _, m := range installed {
		for _, op := range m.Operations {
			names[op.Name] = true
			w.checkDescribed(c, m.Name, op)
		}
	}
	if len(paths) != len(static)+len(names) {
		t.Errorf("%d paths beside %d, for %d operations", len(paths)-len(static), len(static), len(names))
	}
	ids := map[string]bool{}
	for _, o := range c.operations {
		if ids[o.id] {
			t.Errorf("operationId %s stands there twice", o.id)
		}
		ids[o.id] = true
	}
	takes := func(body string) error {
		v, err := decodeNumbers([]byte(body))
		must(t, err)
		return c.validate("#/paths/"+token("/si/connections/{id}/operations/echo.say")+"/post/requestBody/content/"+token("application/json")+"/schema", v)
	}
	if takes(`{"text":"ping"}`) != nil || takes(`{"n":1}`) != nil || takes(`{"n":"one"}`) == nil {
		t.Error("echo.say does not take what its connectors take")
	}
}

// checkDescribed fails unless the document has an operation, with sound schemas.
func (w *world) checkDescribed(c *contract, connector string, op schemas.Operation) {
	w.t.Helper()
	path := "/si/connections/{id}/operations/" + op.Name
	o := c.find(http.MethodPost, "/si/connections/con_1/operations/"+op.Name)
	if o == nil || o.path != path {
		w.t.Errorf("%s is not in the document", path)
		return
	}
	listed, _ := o.node["x-afara-connectors"].([]any)
	if !strings.Contains(o.node["description"].(string), connector) || len(listed) == 0 || o.node["summary"] == "" || o.node["x-afara-effect"] != op.Effect {
		w.t.Errorf("%s: %v", path, o.node)
	}
	raw, err := json.Marshal(o.node["parameters"])
	must(w.t, err)
	if keyed := bytes.Contains(raw, []byte("IdempotencyKey")); keyed != (op.Effect != schemas.EffectNone) {
		w.t.Errorf("%s: takes an Idempotency-Key: %t", path, keyed)
	}
	for _, pointer := range []string{"/requestBody", "/responses/200"} {
		if _, err := c.schema(o.pointer + pointer + "/content/" + token("application/json") + "/schema"); err != nil {
			w.t.Errorf("%s%s: %v", path, pointer, err)
		}
	}
	for code, node := range o.node["responses"].(map[string]any) {
		if r, _ := c.resolve(node, ""); r["description"] == nil || r["description"] == "" {
			w.t.Errorf("%s: answer %s has no description", path, code)
		}
	}
}

func sameJSON(t *testing.T, raw []byte, v any) bool {
	t.Helper()
	var have any
	must(t, json.Unmarshal(raw, &have))
	return reflect.DeepEqual(have, v)
}

func TestTheDocumentFollowsTheVersionsThatServe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/si/connections/{id}/operations/other.say:"
	told := func() bool {
		return strings.Contains(string(w.want(http.StatusOK, nil, "", "GET", "/openapi.yaml", "").body), path)
	}
	if told() {
		t.Error("it is told before it is there")
	}
	anything := json.RawMessage(`{"type":"object"}`)
	serve := func(all ...*schemas.Manifest) {
		w.host.mu.Lock()
		defer w.host.mu.Unlock()
		w.host.manifests = all
	}
	say := []schemas.Operation{{Name: "other.say", Title: "Say", Effect: "none", Input: anything, Output: anything}}
	serve(&schemas.Manifest{Name: "other", Version: "1.0.0", Operations: say}, &schemas.Manifest{Name: "other", Version: "1.1.0", Operations: say})
	if !told() {
		t.Error("it is not told")
	}
	if body := string(w.want(http.StatusOK, nil, "", "GET", "/openapi.yaml", "").body); strings.Contains(body, "other, other") {
		t.Error("a connector with two versions counts twice")
	}
	serve()
	if told() {
		t.Error("it is told when it has gone")
	}
}
