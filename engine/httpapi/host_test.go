package httpapi_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
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

	manifests []*schemas.Manifest        // for the document
	answers   map[string]json.RawMessage // of operations that have their own
	hang      map[string]chan struct{}   // operations that wait for their channel
	calls     []domain.Call
	pushed    []domain.Webhook
	pulls     []domain.Pull

	offered pluginhost.Release // what its folder has
	broken  error              // and what is wrong with it

	phones *phones // MTN's connector, beside the scripted one

	away    bool // no process is ready
	needed  []string
	refusal *domain.ConnectorError // of every check
	checked []domain.ConnectionRef
}

func newHost() *host {
	return &host{scripts: map[string][]domain.Class{}, answers: map[string]json.RawMessage{}, hang: map[string]chan struct{}{}}
}

// called are the calls of an operation.
func (h *host) called(operation string) (calls []domain.Call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		if c.Operation == operation {
			calls = append(calls, c)
		}
	}
	return calls
}

// answer makes an operation answer this from now on.
func (h *host) answer(operation, result string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers[operation] = json.RawMessage(result)
}

// script makes the next call of an operation end in a class.
func (h *host) script(operation string, class domain.Class) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.scripts[operation] = append(h.scripts[operation], class)
}

// forget drops what is left of an operation's script.
func (h *host) forget(operation string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.scripts, operation)
}

func (h *host) Invoke(ctx context.Context, c domain.Call) domain.Outcome {
	h.mu.Lock()
	h.calls = append(h.calls, c)
	hang := h.hang[c.Operation]
	h.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if script := h.scripts[c.Operation]; len(script) > 0 {
		h.scripts[c.Operation] = script[1:]
		return domain.Outcome{Class: script[0], ConnectorVersion: "1.0.0", Began: now, Ended: now, Error: &domain.ConnectorError{
			Class: script[0], Code: "scripted", Message: "as the script says", VendorCode: "E1", RetryAfter: 7 * time.Second,
			Fields: []domain.FieldError{{Pointer: "/amount", Code: "range", Detail: "is too much"}},
		}}
	}
	if strings.HasPrefix(c.Operation, "mtn.") || strings.HasPrefix(c.Operation, "payment.") {
		return h.phones.invoke(c)
	}
	if answer, ok := h.answers[c.Operation]; ok {
		return domain.Outcome{Class: domain.ClassResult, Result: answer, ConnectorVersion: "1.0.0", Began: now, Ended: now}
	}
	return domain.Outcome{Class: domain.ClassResult, Result: result(c), ConnectorVersion: "1.0.0", Began: now, Ended: now}
}

// HandleWebhook believes whatever says "genuine" in its body; a body that names
// nothing makes a handshake.
func (h *host) HandleWebhook(_ context.Context, in domain.Webhook) domain.WebhookOutcome {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pushed = append(h.pushed, in)
	out := domain.WebhookOutcome{Class: domain.ClassResult, Reply: domain.WebhookReply{
		Status: http.StatusOK, Header: http.Header{"X-Vendor": {"thanks"}}, Body: []byte("taken"),
	}}
	switch rest, genuine := strings.CutPrefix(string(in.Body), "genuine "); {
	case genuine:
		reference, _, _ := strings.Cut(rest, " ")
		out.DedupeKey, out.Events = reference, []domain.WebhookEvent{{Type: "thing.told", Reference: reference, Data: []byte(`{}`), OccurredAt: in.ReceivedAt}}
	case len(in.Body) > 0:
		return domain.WebhookOutcome{Class: domain.ClassUnauthorized, Error: &domain.ConnectorError{Class: domain.ClassUnauthorized, Code: "signature_refused", Message: "no"}}
	}
	return out
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

func (h *host) Manifest(name string, _ domain.EnvironmentKind) (*schemas.Manifest, bool) {
	if name == h.phones.manifest.Name {
		return h.phones.manifest, true
	}
	if name != connectorName {
		return nil, false
	}
	second := schemas.Duration(time.Second)
	return &schemas.Manifest{
		Name: connectorName, Version: "1.0.0", ProtocolVersion: 1, Capabilities: []string{"invoice"},
		Streams:  []schemas.Stream{{Name: "items", Title: "Items"}},
		Settings: json.RawMessage(`{"type":"object","properties":{"apiKey":{"type":"string","x-afara-secret":true}}}`),
		Webhooks: []schemas.WebhookKind{{Name: "told", Title: "Something was told"}},
		Operations: []schemas.Operation{
			{Name: schemas.OpInvoicePrepare, Effect: "none", Deadline: second},
			{Name: schemas.OpInvoiceValidate, Effect: "none", Deadline: second},
			{Name: schemas.OpInvoiceSign, Effect: "keyed", Deadline: second, SettlesAfter: 30 * second, Lookup: schemas.OpInvoiceLookup},
			{Name: schemas.OpInvoiceLookup, Effect: "none", Deadline: second},
			{Name: "scripted.charge", Effect: "keyed", Deadline: second, SettlesAfter: 30 * second, Lookup: "scripted.find"},
			{Name: "scripted.give", Effect: "unkeyed", Deadline: second, SettlesAfter: 30 * second, Lookup: "scripted.find"},
			{Name: "scripted.drop", Effect: "unkeyed", Deadline: second, SettlesAfter: 30 * second},
			{Name: "scripted.find", Effect: "none", Deadline: second, Input: json.RawMessage(`{"type":"object","properties":{"operation":{},"reference":{}}}`)},
			{Name: "scripted.play", Effect: "none", Deadline: second, SandboxOnly: true},
		},
	}, true
}

// Pull gives three items, whose cursor is how many were given.
func (h *host) Pull(_ context.Context, p domain.Pull, yield func(domain.PullBatch) bool) domain.Outcome {
	h.mu.Lock()
	h.pulls = append(h.pulls, p)
	script := h.scripts["pull."+p.Stream]
	h.mu.Unlock()
	if len(script) > 0 {
		return domain.Outcome{Class: script[0], Error: &domain.ConnectorError{Class: script[0], Code: "scripted", Message: "as the script says"}}
	}
	after, _ := strconv.Atoi(string(p.Cursor))
	end := 3
	if p.Limit > 0 {
		end = min(end, after+p.Limit)
	}
	left := int64(3 - end)
	b := domain.PullBatch{Cursor: strconv.AppendInt(nil, int64(end), 10), CaughtUp: end == 3, Remaining: &left, ConnectorVersion: "1.0.0"}
	for n := after + 1; n <= end; n++ {
		body := fmt.Appendf(nil, `{"number":%d}`, n)
		b.Records = append(b.Records, domain.PulledRecord{Key: fmt.Sprintf("item-%d", n), Document: schemas.Restore("", schemas.DigestOf(body), body), OccurredAt: time.Unix(1_754_000_000, 0)})
	}
	yield(b)
	return domain.Outcome{Class: domain.ClassResult}
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

func (h *host) Order(string, domain.EnvironmentKind, pluginhost.Order) {}

func (h *host) Offer(connector string, _ domain.EnvironmentKind) (pluginhost.Release, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if connector != connectorName || h.broken != nil {
		return pluginhost.Release{}, cmp.Or(h.broken, errors.New("nothing lies there"))
	}
	return h.offered, nil
}

func (h *host) Serving(string, domain.EnvironmentKind) pluginhost.Release {
	return pluginhost.Release{Version: "1.0.0", Digest: digestOf("1.0.0")}
}

func (h *host) Has(string, pluginhost.Release) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.broken
}

func digestOf(version string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(version))) }

// install puts another version into the folder.
func (h *host) install(version string, broken error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.offered, h.broken = pluginhost.Release{Version: version, Digest: digestOf(version), Locked: true}, broken
}

func (h *host) Subscribe() <-chan struct{} { return nil }

// nobody uses a connector.
type nobody struct{}

func (nobody) UsersOf(context.Context, string, domain.EnvironmentKind) ([]domain.Environment, error) {
	return nil, nil
}

func (h *host) Ready(connector string, _ domain.EnvironmentKind) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return (connector == connectorName || connector == h.phones.manifest.Name) && !h.away
}

func (h *host) Need(connector string, _ domain.EnvironmentKind) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.needed = append(h.needed, connector)
}

func (h *host) Check(_ context.Context, ref domain.ConnectionRef) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checked = append(h.checked, ref)
	if h.refusal != nil {
		return h.refusal
	}
	return nil
}

func (h *host) Manifests() []*schemas.Manifest {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.manifests
}
