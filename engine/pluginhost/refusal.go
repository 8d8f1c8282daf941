package pluginhost

import (
	"errors"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

func classed(class domain.Class, code, message string) *domain.ConnectorError {
	return &domain.ConnectorError{Class: class, Code: code, Message: message}
}

func invalid(code, message string) *domain.ConnectorError {
	return classed(domain.ClassInvalid, code, message)
}

func internal(code, message string) *domain.ConnectorError {
	return classed(domain.ClassInternal, code, message)
}

func unsupported(message string) *domain.ConnectorError {
	return classed(domain.ClassUnsupported, "operation_unsupported", message)
}

func unavailable(code, message string, retryAfter time.Duration) *domain.ConnectorError {
	e := classed(domain.ClassUnavailable, code, message)
	e.RetryAfter = retryAfter
	return e
}

func busy() *domain.ConnectorError {
	return unavailable("busy", "no slot became free before the deadline", 0)
}

func errClosing() *domain.ConnectorError {
	return unavailable("host_closing", "this node is shutting down", time.Second)
}

// invalidParameters lists every fault of the parameters.
func invalidParameters(err error) *domain.ConnectorError {
	e := invalid("parameters_invalid", "the parameters do not fit the operation's input schema")
	var v *schemas.ValidationError
	if !errors.As(err, &v) {
		e.Message += ": " + err.Error()
		return e
	}
	e.Fields = make([]domain.FieldError, len(v.Violations))
	for i, f := range v.Violations {
		e.Fields[i] = domain.FieldError(f)
	}
	return e
}
