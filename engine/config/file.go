package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// fileValues are the settings of a file by flag name, as text.
type fileValues map[string]string

// readFile reads the settings of a YAML file; an empty path is an empty file.
func readFile(path string) (fileValues, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	defer f.Close()
	values, err := parseFile(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("settings file %s: %w", path, err)
	}
	return values, nil
}

// parseFile takes one flat mapping: setting names to a scalar or a list of
// scalars. Scalars keep the text that was written: a duration is no number and
// a key of digits no integer.
func parseFile(r io.Reader) (fileValues, error) {
	var nodes map[string]yaml.Node
	if err := yaml.NewDecoder(r).Decode(&nodes); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return nil, errors.New("not a YAML mapping of setting names to values: write lines such as \"listen: 127.0.0.1:8080\"")
	}
	values := make(fileValues, len(nodes))
	for name, node := range nodes {
		text, ok := scalarText(&node)
		if !ok {
			return nil, fmt.Errorf("%s: must be a value or a list of values", name)
		}
		values[name] = text
	}
	return values, nil
}

func scalarText(node *yaml.Node) (string, bool) {
	switch node.Kind {
	case yaml.ScalarNode:
		if node.Tag == "!!null" {
			return "", true
		}
		return node.Value, true
	case yaml.SequenceNode:
		parts := make([]string, len(node.Content))
		for i, item := range node.Content {
			if item.Kind != yaml.ScalarNode {
				return "", false
			}
			parts[i] = item.Value
		}
		return strings.Join(parts, ","), true
	default:
		return "", false
	}
}

func (v fileValues) get(name string) any {
	if text, ok := v[name]; ok {
		return text
	}
	return nil
}

// checkNames refuses what is no setting: a misspelt name would silently leave
// the default in place.
func (v fileValues) checkNames() error {
	rows, err := Table()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, r := range rows {
		known[r.Name] = true
	}
	var unknown []string
	for name := range v {
		if !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	if len(unknown) > 0 {
		return fmt.Errorf("unknown settings %s: use the flag names without dashes in front", strings.Join(unknown, ", "))
	}
	return nil
}
