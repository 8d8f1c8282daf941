package pluginhost

import (
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// defaultDeadline is that of an operation whose manifest names none.
const defaultDeadline = 30 * time.Second

// operation is one operation of a connector with its schemas compiled. It does
// not change after New.
type operation struct {
	name        string
	effect      domain.Effect
	deadline    time.Duration
	sandboxOnly bool
	local       bool // asks no vendor
	input       func([]byte) error
	output      func([]byte) error
}

// doubtful is true when nobody may say "nothing happened" once a call is out.
func (o *operation) doubtful() bool { return o.effect != domain.EffectNone }

func compileOperations(m *schemas.Manifest) (map[string]*operation, error) {
	ops := make(map[string]*operation, len(m.Operations))
	for _, declared := range m.Operations {
		op, err := compileOperation(declared)
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", declared.Name, err)
		}
		ops[op.name] = op
	}
	return ops, nil
}

func compileOperation(d schemas.Operation) (*operation, error) {
	op := &operation{
		name: d.Name, effect: domain.Effect(d.Effect),
		deadline: time.Duration(d.Deadline), sandboxOnly: d.SandboxOnly,
	}
	// The contract of a standard operation, the same for every connector. Of a
	// connector's own operation nobody can tell.
	op.local = (d.Name == schemas.OpInvoicePrepare || d.Name == schemas.OpPaymentPrepare) && !op.doubtful()
	if op.deadline <= 0 {
		op.deadline = defaultDeadline
	}
	var err error
	if op.input, err = validator(d.Input, schemas.OperationInput(d.Name)); err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	if op.output, err = validator(d.Output, schemas.OperationOutput(d.Name)); err != nil {
		return nil, fmt.Errorf("output: %w", err)
	}
	return op, nil
}

// validator is that of the connector's own schema, else of the standard one.
func validator(own []byte, standard schemas.ID) (func([]byte) error, error) {
	if len(own) > 0 {
		s, err := schemas.Compile(own)
		if err != nil {
			return nil, err
		}
		return s.Validate, nil
	}
	check := func(body []byte) error { return schemas.Validate(standard, body) }
	var known *schemas.ValidationError
	if err := check([]byte("{}")); err != nil && !errors.As(err, &known) {
		return nil, errors.New("not a standard operation, and no schema of its own; add one")
	}
	return check, nil
}
