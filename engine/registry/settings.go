package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// checkSettings proves settings against the connector's schema and returns
// them with secrets masked.
func checkSettings(m *schemas.Manifest, settings json.RawMessage) (json.RawMessage, error) {
	schema, err := schemas.Compile(m.Settings)
	if err != nil {
		return nil, fmt.Errorf("settings schema of %s: %w", m.Name, err)
	}
	if err := schema.Validate(settings); err != nil {
		var invalid *schemas.ValidationError
		if !errors.As(err, &invalid) {
			return nil, err
		}
		return nil, settingsError(m.Name, invalid)
	}
	return mask(m.Settings, settings)
}

func settingsError(connector string, invalid *schemas.ValidationError) error {
	e := &domain.Error{Kind: domain.KindInvalid, Code: "settings_invalid",
		Detail: fmt.Sprintf("The settings do not fit the connector %s.", connector)}
	for _, v := range invalid.Violations {
		e.Fields = append(e.Fields, domain.FieldError{Pointer: v.Pointer, Code: v.Code, Detail: v.Detail, Fix: v.Fix})
	}
	return e
}

// mask replaces the values of members that the schema marks as secret.
func mask(schema, settings json.RawMessage) (json.RawMessage, error) {
	var declared struct {
		Properties map[string]struct {
			Secret bool `json:"x-afara-secret"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(schema, &declared); err != nil {
		return nil, fmt.Errorf("read settings schema: %w", err)
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(settings, &values); err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	for name := range values {
		if declared.Properties[name].Secret {
			values[name] = json.RawMessage(`"` + strings.Repeat("•", 8) + `"`)
		}
	}
	return json.Marshal(values)
}
