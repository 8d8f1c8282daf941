package operation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Connectors is the way to connectors. *pluginhost.Host is the real one.
type Connectors interface {
	Invoke(ctx context.Context, c domain.Call) domain.Outcome
	Manifest(connector string, env domain.EnvironmentKind) (*schemas.Manifest, bool)
	// Ready reports whether calls can go out on this node now.
	Ready(connector string, env domain.EnvironmentKind) bool
}

// Connections pauses a connection that the vendor refuses.
type Connections interface {
	Pause(ctx context.Context, id domain.ConnectionID, e *domain.ConnectorError) error
}

// Sealer keeps answers unreadable in SQL. *secret.Keyring is the real one.
type Sealer interface {
	Seal(plain []byte, place string) (string, error)
	Open(sealed, place string) ([]byte, error)
}

// Config wires a Service.
type Config struct {
	Store       *store.Store // required
	Connectors  Connectors   // required
	Connections Connections  // required
	Sealer      Sealer       // required
	Log         *slog.Logger // required
}

// Service calls operations. Its methods may be called concurrently.
type Service struct {
	cfg   Config
	calls sync.WaitGroup // that go on when their caller has left
}

// New checks cfg.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Connectors == nil || cfg.Connections == nil || cfg.Sealer == nil || cfg.Log == nil {
		return nil, errors.New("operation: Store, Connectors, Connections, Sealer and Log are required")
	}
	return &Service{cfg: cfg}, nil
}

// Request is one call that somebody asks for.
type Request struct {
	Environment domain.EnvironmentID
	Connection  domain.ConnectionRef
	// Refused is why the connection takes no call now; nil when it does. What was
	// recorded before is answered all the same.
	Refused   error
	Operation string
	// Key makes an effect happen once; required where there is one.
	Key   string
	Input json.RawMessage
	// Document is the proved document that a standard operation is about; empty
	// where there is none.
	Document schemas.Document
}

// digest tells requests under one key apart.
func (r Request) digest() string {
	if r.Document.Schema == "" {
		return schemas.DigestOf(r.Input).String()
	}
	return schemas.DigestOf(slices.Concat(r.Input, r.Document.Digest[:])).String()
}

// Status is where a call stands.
type Status string

const (
	StatusDone    Status = "done"    // Result is what the connector answered
	StatusSent    Status = "sent"    // it is under way
	StatusUnknown Status = "unknown" // nobody knows what became of it
)

// Answer is what became of a call.
type Answer struct {
	Status Status
	// Result is nil when a look-up found that it was done, but not its answer.
	Result json.RawMessage
	// Lookup names the operation that finds out about an unknown outcome; empty
	// when there is none.
	Lookup   string
	Replayed bool
}

// Refusals.
var (
	ErrUnknown = &domain.Error{Kind: domain.KindNotFound, Code: "operation_unknown"}
	ErrSandbox = &domain.Error{Kind: domain.KindConflict, Code: "sandbox_only",
		Detail: "The connector offers this operation in the sandbox only. Use a key of a sandbox environment."}
	ErrKeyRequired = &domain.Error{Kind: domain.KindInvalid, Code: "idempotency_key_required",
		Detail: "This operation has an effect: send the header Idempotency-Key, the same for every repetition of this one request.",
		Fields: []domain.FieldError{{Pointer: "/headers/Idempotency-Key", Code: "required", Detail: "is missing", Fix: "send 1 to 255 printable ASCII characters that no other request has"}}}
	ErrKeyReused = &domain.Error{Kind: domain.KindInvalid, Code: "idempotency_key_reused",
		Detail: "This Idempotency-Key was already used with a different body. Use a new key for a new request."}
	ErrNotDone = &domain.Error{Kind: domain.KindConflict, Code: "operation_not_done",
		Detail: "The vendor does not know of this call: it came to nothing, and is not sent again. Ask anew under another Idempotency-Key."}
	ErrNotReady = &domain.Error{Kind: domain.KindUnavailable, Code: "connector_not_ready", RetryAfter: 3 * time.Second,
		Detail: "No process of the connector is ready on this node. Nothing was sent: ask again after the time in Retry-After."}
)

// Call calls an operation without effect, or once for each key one that has one.
func (s *Service) Call(ctx context.Context, r Request) (Answer, error) {
	m, ok := s.cfg.Connectors.Manifest(r.Connection.Connector, r.Connection.Environment)
	if !ok {
		return Answer{}, ErrNotReady
	}
	op, ok := m.Operation(r.Operation)
	if !ok {
		return Answer{}, unknown(m, r.Operation)
	}
	if op.SandboxOnly && r.Connection.Environment != domain.Sandbox {
		return Answer{}, ErrSandbox
	}
	if len(r.Input) == 0 {
		r.Input = json.RawMessage("{}")
	}
	if domain.Effect(op.Effect) != domain.EffectNone {
		return s.once(ctx, r, m, op)
	}
	if r.Refused != nil {
		return Answer{}, r.Refused
	}
	out := s.cfg.Connectors.Invoke(ctx, domain.Call{
		Connection: r.Connection, Operation: op.Name, Document: r.Document, Parameters: r.Input,
		Deadline: s.cfg.Store.Now().Add(deadline(op)),
	})
	s.pause(ctx, r, out)
	if out.Class == domain.ClassResult {
		return Answer{Status: StatusDone, Result: out.Result}, nil
	}
	return Answer{}, Refusal(out.Class, out.Error)
}

// defaultDeadline is that of an operation whose manifest names none.
const defaultDeadline = 30 * time.Second

func deadline(op schemas.Operation) time.Duration {
	if op.Deadline <= 0 {
		return defaultDeadline
	}
	return time.Duration(op.Deadline)
}

// unknown names the operations that there are.
func unknown(m *schemas.Manifest, name string) error {
	var names []string
	for _, op := range m.Operations {
		names = append(names, op.Name)
	}
	return ErrUnknown.Detailed(fmt.Sprintf("The connector %s has no operation %q; it has %s.", m.Name, name, strings.Join(names, ", ")))
}

// pause closes the gate of a connection that the vendor refuses.
func (s *Service) pause(ctx context.Context, r Request, out domain.Outcome) {
	if out.Class != domain.ClassUnauthorized && out.Class != domain.ClassMisconfigured {
		return
	}
	if err := s.cfg.Connections.Pause(ctx, r.Connection.ID, out.Error); err != nil {
		s.cfg.Log.Error("pause connection", "connection", r.Connection.ID, "error", err)
	}
}

// Wait returns when no call is under way, or ctx ends.
func (s *Service) Wait(ctx context.Context) {
	idle := make(chan struct{})
	go func() {
		s.calls.Wait()
		close(idle)
	}()
	select {
	case <-idle:
	case <-ctx.Done():
	}
}
