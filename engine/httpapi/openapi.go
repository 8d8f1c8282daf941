package httpapi

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"
	"gopkg.in/yaml.v3"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

//go:embed openapi.yaml
var openapiYAML []byte

// document is openapi.yaml, read once.
type document struct {
	components map[string]any
	json       []byte
}

func readDocument(source []byte) (document, error) {
	var doc map[string]any
	if err := yaml.Unmarshal(source, &doc); err != nil {
		return document{}, fmt.Errorf("read openapi.yaml: %w", err)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return document{}, fmt.Errorf("openapi.yaml as JSON: %w", err)
	}
	components, _ := doc["components"].(map[string]any)
	all, _ := components["schemas"].(map[string]any)
	return document{components: all, json: raw}, nil
}

// component is a schema of the document as JSON.
func (d document) component(name string) ([]byte, error) {
	schema, ok := d.components[name]
	if !ok {
		return nil, fmt.Errorf("openapi.yaml has no schema %s", name)
	}
	return json.Marshal(schema)
}

func (*api) getOpenAPIYAML(w http.ResponseWriter, r *http.Request) error {
	return static(w, r, "application/yaml", openapiYAML)
}

func (a *api) getOpenAPIJSON(w http.ResponseWriter, r *http.Request) error {
	return static(w, r, "application/json", a.document.json)
}

// schemaHost begins the ids of schemas; what follows is their path here.
const schemaHost = "https://afara.dev"

var errNoSchema = &domain.Error{Kind: domain.KindNotFound, Code: "no_such_schema",
	Detail: "There is no such schema; openapi.yaml refers to those that there are."}

// getSchema serves a canonical schema at the path of its id.
func (*api) getSchema(w http.ResponseWriter, r *http.Request) error {
	source, err := schemas.Source(schemas.ID(schemaHost + "/schemas/" + chi.URLParam(r, "*")))
	if err != nil {
		return errNoSchema
	}
	return static(w, r, "application/schema+json", source)
}

// static serves what changes with the build only.
func static(w http.ResponseWriter, r *http.Request, contentType string, body []byte) error {
	sum := sha256.Sum256(body)
	if unchanged(w, r, hex.EncodeToString(sum[:16]), "public, max-age=300") {
		return nil
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(body) // the caller may be gone
	return nil
}
