package pluginhost

import (
	"bytes"
	"encoding/json"
	"slices"
)

// credentialSecrets are all texts and numbers of a credential, sorted: it is
// the connector's own, and no schema says which of them are secret.
func credentialSecrets(credential []byte) []string {
	tree, err := decodeTree(credential)
	if err != nil {
		return nil
	}
	values := texts(tree, nil)
	slices.Sort(values)
	return slices.Compact(values)
}

func texts(node any, values []string) []string {
	switch n := node.(type) {
	case map[string]any:
		for _, v := range n {
			values = texts(v, values)
		}
	case []any:
		for _, v := range n {
			values = texts(v, values)
		}
	case string:
		values = append(values, n)
	case json.Number:
		values = append(values, n.String())
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
