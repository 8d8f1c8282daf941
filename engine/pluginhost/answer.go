package pluginhost

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

const (
	maxCode       = 100
	maxText       = 4 << 10
	maxFields     = 100
	maxCredential = 64 << 10
	maxRetryAfter = 24 * time.Hour
)

// settle turns an answer into an outcome, believing none of it unchecked.
func (in *instance) settle(ctx context.Context, conn *connection, op *operationState, res *connectorpb.InvokeResponse, out *domain.Outcome) {
	if u := res.GetCredentialUpdate(); u != nil {
		in.saveCredential(ctx, conn, u)
	}
	if len(res.GetState()) > sdk.MaxStateBytes {
		fail(out, in.broken(op, "state_too_large", "the connector's state is larger than the contract allows"))
		return
	}
	out.State = res.GetState()
	switch answer := res.GetOutcome().(type) {
	case *connectorpb.InvokeResponse_Result:
		if err := op.output(answer.Result); err != nil {
			in.log.Error("connector broke its contract: its result does not fit the output schema",
				"operation", op.name, "error", in.redact.mask(err.Error()))
			fail(out, in.broken(op, "result_invalid", "the connector's result does not fit the operation's output schema"))
			return
		}
		out.Class, out.Result = domain.ClassResult, answer.Result
	case *connectorpb.InvokeResponse_Error:
		fail(out, in.classed(op, answer.Error))
	default:
		fail(out, in.broken(op, "answer_empty", "the connector answered neither a result nor an error"))
	}
}

// broken is the error of an answer that breaks the contract: whether an effect
// happened, such an answer cannot tell.
func (in *instance) broken(op *operationState, code, message string) *domain.ConnectorError {
	if op.doubtful() {
		return classed(domain.ClassUnknownOutcome, code, message)
	}
	return internal(code, message)
}

// classed reads a connector's error, with bounds and without secrets.
func (in *instance) classed(op *operationState, e *connectorpb.Error) *domain.ConnectorError {
	class, known := classOf(e.GetClass())
	if !known {
		return in.broken(op, "class_unknown", "the connector answered an error of no class: "+in.text(e.GetMessage(), maxText))
	}
	c := in.connectorError(e)
	c.Class = class
	return c
}

func (in *instance) connectorError(e *connectorpb.Error) *domain.ConnectorError {
	c := &domain.ConnectorError{
		Code:         in.text(e.GetCode(), maxCode),
		Message:      in.text(e.GetMessage(), maxText),
		VendorCode:   in.text(e.GetVendorCode(), maxCode),
		VendorText:   in.text(e.GetVendorText(), maxText),
		VendorAnswer: in.text(string(e.GetVendorAnswer()), sdk.MaxVendorAnswerBytes),
		RetryAfter:   retryAfter(e.GetRetryAfterMillis()),
	}
	if c.Code == "" {
		c.Code = "unspecified"
	}
	for _, f := range e.GetFields()[:min(len(e.GetFields()), maxFields)] {
		c.Fields = append(c.Fields, domain.FieldError{
			Pointer: in.text(f.GetPointer(), maxText), Code: in.text(f.GetCode(), maxCode),
			Detail: in.text(f.GetDetail(), maxText), Fix: in.text(f.GetFix(), maxText),
		})
	}
	return c
}

// text is what may be stored and shown of a connector's text. It is masked
// before it is cut, so that no half of a secret stays at the edge.
func (in *instance) text(s string, limit int) string {
	if s == "" {
		return ""
	}
	s = in.redact.mask(strings.ToValidUTF8(s, "\uFFFD"))
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "")
	}
	return s
}

func retryAfter(millis int64) time.Duration {
	return time.Duration(min(max(millis, 0), maxRetryAfter.Milliseconds())) * time.Millisecond
}

func classOf(c connectorpb.Class) (class domain.Class, known bool) {
	switch c {
	case connectorpb.Class_CLASS_INVALID:
		return domain.ClassInvalid, true
	case connectorpb.Class_CLASS_REJECTED:
		return domain.ClassRejected, true
	case connectorpb.Class_CLASS_UNSUPPORTED:
		return domain.ClassUnsupported, true
	case connectorpb.Class_CLASS_UNAUTHORIZED:
		return domain.ClassUnauthorized, true
	case connectorpb.Class_CLASS_MISCONFIGURED:
		return domain.ClassMisconfigured, true
	case connectorpb.Class_CLASS_RATE_LIMITED:
		return domain.ClassRateLimited, true
	case connectorpb.Class_CLASS_UNAVAILABLE:
		return domain.ClassUnavailable, true
	case connectorpb.Class_CLASS_UNKNOWN_OUTCOME:
		return domain.ClassUnknownOutcome, true
	case connectorpb.Class_CLASS_INTERNAL:
		return domain.ClassInternal, true
	default:
		return "", false
	}
}

// saveCredential hands a new credential to the store. The call's own outcome
// does not depend on it, nor does it wait for the call's deadline: the old
// credential may be dead at the vendor already.
func (in *instance) saveCredential(ctx context.Context, conn *connection, u *connectorpb.CredentialUpdate) {
	if len(u.GetCredential()) > maxCredential || !json.Valid(u.GetCredential()) {
		in.log.Error("connector broke its contract: its credential is not JSON, or too long; it is dropped", "connection", conn.id)
		return
	}
	in.redact.learn(secretSource{conn.id, true}, credentialSecrets(u.GetCredential()))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), secretsTimeout)
	defer cancel()
	if err := in.cfg.Connections.SaveCredential(ctx, conn.id, u.GetBasedOnVersion(), u.GetCredential()); err != nil {
		in.log.Warn("credential of a connection was not saved; the connector will ask the vendor for another",
			"connection", conn.id, "based_on", u.GetBasedOnVersion(), "error", err)
	}
}
