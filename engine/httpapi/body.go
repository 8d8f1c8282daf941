package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

// The small bodies, by the name of their schema in openapi.yaml. The document
// is what they are checked against, so it cannot say anything else.
const (
	bodySample  = "SampleRequest"
	bodyVoid    = "VoidRequest"
	bodySource  = "InvoiceSource"
	bodyResolve = "ResolveRequest"
	bodyReplay  = "ReplayRequest"
	bodyProbe   = "TestCallbackRequest"

	bodyOrder    = "OrderRequest"
	bodyLogLevel = "LogLevelRequest"

	bodyWebhook          = "WebhookRequest"
	bodyWebhookChange    = "WebhookChangeRequest"
	bodyRotate           = "RotateRequest"
	bodyTest             = "TestRequest"
	bodyReplaySince      = "ReplaySinceRequest"
	bodyPublish          = "PublishRequest"
	bodyPublishBatch     = "PublishBatchRequest"
	bodyReplayDeliveries = "ReplayDeliveriesRequest"
	bodyReplayFailed     = "ReplayFailedRequest"

	bodyCollection   = "CollectionRequest"
	bodyRefund       = "RefundRequest"
	bodyDisbursement = "DisbursementRequest"

	bodyPaymentRequest = "PaymentRequestRequest"

	bodyConnection       = "ConnectionRequest"
	bodyConnectionChange = "ConnectionChangeRequest"
	bodyRollback         = "RollbackRequest"
	bodyOperation        = "OperationInput"
	bodySync             = "SyncRequest"
	bodyPreview          = "PreviewRequest"

	bodyCorridor         = "CorridorRequest"
	bodyStore            = "StoreRequest"
	bodyStoreChange      = "StoreChangeRequest"
	bodyTestClient       = "TestClientRequest"
	bodyTestClientChange = "TestClientChangeRequest"
	bodyPrompt           = "PromptAnswerRequest"

	bodyAdjustment = "AdjustmentRequest"
)

// allBodies lists them.
func allBodies() []string {
	return []string{
		bodySample, bodyVoid, bodySource, bodyResolve, bodyReplay, bodyProbe, bodyOrder, bodyLogLevel,
		bodyWebhook, bodyWebhookChange, bodyRotate, bodyTest, bodyReplaySince,
		bodyPublish, bodyPublishBatch, bodyReplayDeliveries, bodyReplayFailed,
		bodyCollection, bodyRefund, bodyDisbursement, bodyPaymentRequest,
		bodyConnection, bodyConnectionChange, bodyRollback, bodyOperation, bodySync, bodyPreview,
		bodyCorridor, bodyStore, bodyStoreChange, bodyTestClient, bodyTestClientChange, bodyPrompt,
		bodyAdjustment,
	}
}

// bodies are the compiled schemas of small bodies.
type bodies map[string]*schemas.Schema

func compileBodies(d document) (bodies, error) {
	out := bodies{}
	for _, name := range allBodies() {
		raw, err := d.component(name)
		if err != nil {
			return nil, err
		}
		if out[name], err = schemas.Compile(raw); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
	}
	return out, nil
}

// decode reads a small body strictly into v: unknown members, repeated keys
// and anything after the value are refused, all faults at once. The raw bytes
// are the idempotency key's fingerprint. An absent body is {}.
func (a *api) decode(r *http.Request, name string, v any) ([]byte, error) {
	raw, err := a.read(r)
	if err != nil {
		return nil, err
	}
	return raw, a.decodeRaw(raw, name, v)
}

// decodeRaw is decode for a body that was read.
func (a *api) decodeRaw(body []byte, name string, v any) error {
	if len(body) == 0 {
		body = []byte("{}")
	}
	if e := bodyError(a.bodies[name].Validate(body), ""); e != nil {
		return e
	}
	if err := json.Unmarshal(body, v); err != nil {
		return invalidBody([]domain.FieldError{unfit(err)})
	}
	return nil
}

// unfit is a value that the schema takes and Go does not: 1e2 is a whole number
// to the one only.
func unfit(err error) domain.FieldError {
	pointer := ""
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && wrong.Field != "" {
		pointer = "/" + strings.ReplaceAll(wrong.Field, ".", "/")
	}
	return domain.FieldError{
		Pointer: pointer, Code: "type", Detail: "The value is written in a way that is not read here.",
		Fix: "Write whole numbers as digits alone, and times like 2026-01-31T08:00:00Z.",
	}
}

// bodyError turns what a schema found into the caller's error, nil for nil.
func bodyError(err error, prefix string) *domain.Error {
	var v *schemas.ValidationError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &v):
		return errInternal.With(err)
	}
	fields := make([]domain.FieldError, len(v.Violations))
	for i, x := range v.Violations {
		fields[i] = domain.FieldError{Pointer: prefix + x.Pointer, Code: x.Code, Detail: x.Detail, Fix: x.Fix}
	}
	e := invalidBody(fields)
	if v.Malformed {
		e = malformedBody(fields)
	}
	if v.Truncated > 0 {
		e.Extra = map[string]any{"moreErrors": v.Truncated}
	}
	return e
}

// renamed points the faults of an invoice that a small body stood for at that
// body's members: the caller never saw the invoice.
func renamed(err error, pointers map[string]string) error {
	var e *domain.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Fields = slices.Clone(e.Fields)
	for i, f := range c.Fields {
		if to, ok := pointers[f.Pointer]; ok {
			c.Fields[i].Pointer = to
		}
	}
	return &c
}

func invalidBody(fields []domain.FieldError) *domain.Error {
	return &domain.Error{Kind: domain.KindInvalid, Code: "invalid_body", Fields: fields,
		Detail: "The body breaks the rules that errors lists. Nothing was done."}
}

func malformedBody(fields []domain.FieldError) *domain.Error {
	return &domain.Error{Kind: domain.KindMalformed, Code: "malformed_body", Fields: fields,
		Detail: "The body is not well-formed JSON; errors says where. Nothing was done."}
}

// escapePointer escapes one token of a JSON pointer (RFC 6901).
func escapePointer(token string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(token)
}
