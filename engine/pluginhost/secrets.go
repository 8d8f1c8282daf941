package pluginhost

import (
	"bytes"
	"encoding/json"
	"slices"
)

// secretKeys are the names of the settings that a connector's settings schema
// marks with x-afara-secret, wherever in the schema they stand.
func secretKeys(schema json.RawMessage) map[string]bool {
	keys := map[string]bool{}
	if tree, err := decodeTree(schema); err == nil {
		collectSecretKeys(tree, keys)
	}
	return keys
}

func collectSecretKeys(node any, keys map[string]bool) {
	switch n := node.(type) {
	case map[string]any:
		if props, ok := n["properties"].(map[string]any); ok {
			for name, p := range props {
				if sub, ok := p.(map[string]any); ok && sub["x-afara-secret"] == true {
					keys[name] = true
				}
			}
		}
		for _, v := range n {
			collectSecretKeys(v, keys)
		}
	case []any:
		for _, v := range n {
			collectSecretKeys(v, keys)
		}
	}
}

// settingsSecrets are the texts to mask: what stands under the given names.
func settingsSecrets(settings []byte, keys map[string]bool) []string {
	return sortedSecrets(settings, keys, false)
}

// credentialSecrets are all texts of a credential.
func credentialSecrets(credential []byte) []string {
	return sortedSecrets(credential, nil, true)
}

func sortedSecrets(raw []byte, keys map[string]bool, all bool) []string {
	tree, err := decodeTree(raw)
	if err != nil {
		return nil
	}
	values := collectUnder(tree, keys, all, nil)
	slices.Sort(values)
	return slices.Compact(values)
}

func collectUnder(node any, keys map[string]bool, inside bool, values []string) []string {
	switch n := node.(type) {
	case map[string]any:
		for k, v := range n {
			values = collectUnder(v, keys, inside || keys[k], values)
		}
	case []any:
		for _, v := range n {
			values = collectUnder(v, keys, inside, values)
		}
	case string:
		if inside {
			values = append(values, n)
		}
	case json.Number:
		if inside {
			values = append(values, n.String())
		}
	}
	return values
}

func decodeTree(raw []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var tree any
	err := dec.Decode(&tree)
	return tree, err
}
