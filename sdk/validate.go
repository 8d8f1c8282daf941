package sdk

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync"

	"github.com/afara-dev/afara/schemas"
)

// validator holds bytes against a schema. The engine has done so before; this is
// for a caller that has not, and for what was saved under another version.
type validator func([]byte) error

// foreign makes the validator of a connector's own schema, which is compiled at
// its first use. ParseManifest has proved that it compiles.
func foreign(schema json.RawMessage) validator {
	compiled := sync.OnceValues(func() (*schemas.Schema, error) { return schemas.Compile(schema) })
	return func(body []byte) error {
		s, err := compiled()
		if err != nil {
			return err
		}
		return s.Validate(body)
	}
}

// inputs gives each operation the validator of its parameters.
func inputs(m *schemas.Manifest) map[string]validator {
	out := make(map[string]validator, len(m.Operations))
	for _, op := range m.Operations {
		if op.Input != nil {
			out[op.Name] = foreign(op.Input)
			continue
		}
		id := schemas.OperationInput(op.Name)
		out[op.Name] = func(body []byte) error { return schemas.Validate(id, body) }
	}
	return out
}

// parametersFault refuses parameters that the operation's schema does not
// accept, before the handler runs. None are the empty ones.
func (s *server) parametersFault(call *Call) error {
	parameters := call.Parameters
	if len(bytes.TrimSpace(parameters)) == 0 {
		parameters = []byte("{}")
	}
	err := s.inputs[call.Operation](parameters)
	if err == nil {
		return nil
	}
	return withFields(Invalidf("parameters_invalid", "the parameters of %s are not valid: %w", call.Operation, err), err)
}

func (s *server) settingsFault(settings []byte) error {
	err := s.settings(settings)
	if err == nil {
		return nil
	}
	return withFields(Misconfiguredf("settings_invalid", "the connection's settings are not valid: %w", err), err)
}

// withFields names each fault that a schema found.
func withFields(e *Error, err error) *Error {
	var v *schemas.ValidationError
	if !errors.As(err, &v) {
		return e
	}
	for _, one := range v.Violations {
		e.Fields = append(e.Fields, FieldError{Pointer: one.Pointer, Code: one.Code, Detail: one.Detail, Fix: one.Fix})
	}
	return e
}
