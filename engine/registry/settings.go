package registry

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// proveSettings proves settings against the connector's schema and returns them
// with secrets masked, or every fault of them.
func proveSettings(m *schemas.Manifest, settings json.RawMessage) (json.RawMessage, []domain.FieldError, error) {
	schema, err := schemas.Compile(m.Settings)
	if err != nil {
		return nil, nil, fmt.Errorf("settings schema of %s: %w", m.Name, err)
	}
	err = schema.Validate(settings)
	var invalid *schemas.ValidationError
	switch {
	case err == nil:
		return schemas.MaskSecrets(m.Settings, settings), nil, nil
	case !errors.As(err, &invalid):
		return nil, nil, err
	}
	faults := make([]domain.FieldError, len(invalid.Violations))
	for i, v := range invalid.Violations {
		faults[i] = domain.FieldError{Pointer: "/settings" + v.Pointer, Code: v.Code, Detail: v.Detail, Fix: v.Fix}
	}
	return nil, faults, nil
}
