package sdk

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/afara-dev/afara/schemas"
)

const (
	// Shorter values are not masked wherever they occur: they would hide
	// ordinary text. Members with secret names are masked whatever their length.
	minSecret = 6
	// A credential is the connector's own and unmarked: all its longer texts
	// count.
	minCredential = 12
)

// secretsOf finds the secrets of a connection: what the settings schema marks
// with x-afara-secret, and the texts of the credential. The longest comes
// first, so that masking one does not leave the tail of another.
func secretsOf(schema json.RawMessage, settings, credential []byte) []string {
	found := make(map[string]struct{})
	for _, text := range schemas.SecretTexts(schema, settings) {
		if len(text) >= minSecret {
			found[text] = struct{}{}
		}
	}
	var own any
	if json.Unmarshal(credential, &own) == nil {
		texts(own, found)
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b string) int { return len(b) - len(a) })
}

func texts(value any, found map[string]struct{}) {
	switch v := value.(type) {
	case string:
		if len(v) >= minCredential {
			found[v] = struct{}{}
		}
	case map[string]any:
		for _, member := range v {
			texts(member, found)
		}
	case []any:
		for _, item := range v {
			texts(item, found)
		}
	}
}
