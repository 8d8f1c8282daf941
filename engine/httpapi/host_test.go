package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/schemas"
)

const connectorName = "scripted"

// host is a connector that signs everything unless a script says otherwise.
type host struct {
	mu      sync.Mutex
	scripts map[string][]domain.Class
	status  []pluginhost.ConnectorStatus
}

func newHost() *host { return &host{scripts: map[string][]domain.Class{}} }

// script makes the next call of an operation end in a class.
func (h *host) script(operation string, class domain.Class) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.scripts[operation] = append(h.scripts[operation], class)
}

func (h *host) Invoke(_ context.Context, c domain.Call) domain.Outcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if script := h.scripts[c.Operation]; len(script) > 0 {
		h.scripts[c.Operation] = script[1:]
		return domain.Outcome{Class: script[0], ConnectorVersion: "1.0.0", Began: now, Ended: now, Error: &domain.ConnectorError{
			Class: script[0], Code: "scripted", Message: "as the script says", VendorCode: "E1",
		}}
	}
	return domain.Outcome{Class: domain.ClassResult, Result: result(c), ConnectorVersion: "1.0.0", Began: now, Ended: now}
}

func result(c domain.Call) json.RawMessage {
	switch c.Operation {
	case schemas.OpInvoicePrepare:
		var in schemas.PrepareInput
		if err := json.Unmarshal(c.Parameters, &in); err != nil {
			return nil
		}
		return fmt.Appendf(nil, `{"irn":"%s-94ND90NR-%s","qrCodeData":"QR of %s"}`, in.ReferenceKey, compact(in.IssueDate), in.ReferenceKey)
	case schemas.OpInvoiceLookup:
		return json.RawMessage(`{"result":"not_found"}`)
	default:
		return json.RawMessage(`{}`)
	}
}

func compact(date string) string { return date[:4] + date[5:7] + date[8:] }

func (h *host) Manifest(name string) (*schemas.Manifest, bool) {
	if name != connectorName {
		return nil, false
	}
	second := schemas.Duration(time.Second)
	return &schemas.Manifest{
		Name: connectorName, Version: "1.0.0", ProtocolVersion: 1, Capabilities: []string{"invoice"},
		Settings: json.RawMessage(`{"type":"object","properties":{"apiKey":{"type":"string","x-afara-secret":true}}}`),
		Operations: []schemas.Operation{
			{Name: schemas.OpInvoicePrepare, Effect: "none", Deadline: second},
			{Name: schemas.OpInvoiceValidate, Effect: "none", Deadline: second},
			{Name: schemas.OpInvoiceSign, Effect: "keyed", Deadline: second, SettlesAfter: 30 * second, Lookup: schemas.OpInvoiceLookup},
			{Name: schemas.OpInvoiceLookup, Effect: "none", Deadline: second},
		},
	}, true
}

func (h *host) Status() []pluginhost.ConnectorStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status
}

func (h *host) show(s ...pluginhost.ConnectorStatus) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status = s
}
