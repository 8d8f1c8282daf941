package registry

import (
	"encoding/json"
	"errors"
	"fmt"

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
	return schemas.MaskSecrets(m.Settings, settings), nil
}

func settingsError(connector string, invalid *schemas.ValidationError) error {
	e := &domain.Error{Kind: domain.KindInvalid, Code: "settings_invalid",
		Detail: fmt.Sprintf("The settings do not fit the connector %s.", connector)}
	for _, v := range invalid.Violations {
		e.Fields = append(e.Fields, domain.FieldError{Pointer: v.Pointer, Code: v.Code, Detail: v.Detail, Fix: v.Fix})
	}
	return e
}
