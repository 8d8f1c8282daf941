package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/schemas"
)

func TestTheDocumentsAreServedAsTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if r := w.want(http.StatusOK, nil, "", "GET", "/openapi.yaml", ""); string(r.body) != string(httpapi.OpenAPI()) {
		t.Error("openapi.yaml is not what is served")
	}
	var doc struct{ OpenAPI string }
	w.want(http.StatusOK, &doc, "", "GET", "/openapi.json", "")
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("version %q", doc.OpenAPI)
	}
	for _, id := range schemas.IDs() {
		source, err := schemas.Source(id)
		must(t, err)
		if r := w.want(http.StatusOK, nil, "", "GET", strings.TrimPrefix(string(id), "https://afara.dev"), ""); string(r.body) != string(source) {
			t.Errorf("%s is not what is served", id)
		}
	}
}
