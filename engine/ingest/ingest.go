package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

// Refusals.
var (
	ErrKeyReused = &domain.Error{
		Kind: domain.KindInvalid, Code: "idempotency_key_reused",
		Detail: "This Idempotency-Key was already used with a different body. Use a new key for a new request.",
	}
	ErrKeyInvalid = &domain.Error{
		Kind: domain.KindInvalid, Code: "idempotency_key_invalid",
		Detail: "An Idempotency-Key has 1 to 255 printable ASCII characters.",
	}
	ErrBacklog = &domain.Error{
		Kind: domain.KindTooManyRequests, Code: "backlog_full",
		Detail: "Too many accepted invoices are still unfinished. Send again after the time in Retry-After.",
	}
	ErrDeliveryBacklog = &domain.Error{
		Kind: domain.KindTooManyRequests, Code: "delivery_backlog_full",
		Detail: "Too many deliveries are still due. Send again after the time in Retry-After.",
	}
	ErrBusAway = &domain.Error{
		Kind: domain.KindUnavailable, Code: "bus_unavailable",
		Detail: "The message bus has been away for too long to accept more. Nothing was stored: send again after the time in Retry-After.",
	}
	// errKeyTaken: another request holds the key; its answer is read and given.
	errKeyTaken = errors.New("ingest: the idempotency key is taken")
)

// Submission is one request to accept something.
type Submission struct {
	Environment domain.EnvironmentID
	Route       string // e.g. "POST /si/invoices"
	Key         string // Idempotency-Key, may be empty
	Body        []byte // raw, as the key's fingerprint
	// New says that it adds to the backlog, and so is refused when that is full.
	New bool
	// Tells says the same of deliveries: those that are due and have not been
	// attempted yet have a backlog of their own.
	Tells bool
	// Status is the answer's status when work follows, DoneStatus when not;
	// both are stored with the key and mean nothing here.
	Status, DoneStatus int
	Make               func(ctx context.Context) (domain.Draft, error)
}

// Answer is what the caller is told.
type Answer struct {
	Status   int
	Body     []byte
	Replayed bool
}

// Config wires a Service.
type Config struct {
	Store   *store.Store   // required
	Applier *store.Applier // required
	// PerEnvironment and Total bound the unfinished messages; defaults 10,000
	// and 100,000.
	PerEnvironment, Total int
	// BusAway is how long the bus has been away; nil when it cannot be.
	BusAway func() time.Duration
	// Observe is told of each accepted submission, after its commit; nil for
	// none. Return at once.
	Observe func(Accepted)
	// Sealer keeps answers that show a secret; nil refuses to keep them.
	Sealer Sealer
}

// Sealer keeps secrets unreadable in SQL. *secret.Keyring is the real one.
type Sealer interface {
	Seal(plain []byte, place string) (string, error)
	Open(sealed, place string) ([]byte, error)
}

// Accepted is one accepted submission, for the console.
type Accepted struct {
	Environment domain.EnvironmentID
	Answer      []byte
	Took        time.Duration
}

const (
	keyLives   = 24 * time.Hour
	maxBusAway = 30 * time.Second
	retryAfter = 2 * time.Second
)

// Service accepts. Its methods may be called concurrently.
type Service struct {
	cfg                 Config
	backlog, deliveries *backlog
}

// New checks cfg, fills its defaults and registers the writers of ingest's
// tables. The idempotency key is written before all else, so that a repeated
// request is seen as one before anything in it conflicts with the first.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Applier == nil {
		return nil, errors.New("ingest: Store and Applier are required")
	}
	if cfg.PerEnvironment <= 0 {
		cfg.PerEnvironment = 10_000
	}
	if cfg.Total <= 0 {
		cfg.Total = 100_000
	}
	if cfg.BusAway == nil {
		cfg.BusAway = func() time.Duration { return 0 }
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Accepted) {}
	}
	cfg.Applier.Register(partKey, writeKey)
	cfg.Applier.Register(domain.PartDocument, writeDocument)
	return &Service{cfg: cfg, backlog: cfg.backlog(cfg.Store.Backlog), deliveries: cfg.backlog(cfg.Store.DueDeliveries)}, nil
}

// Accept stores a submission once. The same key and body again answers what
// was answered then; refused submissions use up no key.
func (s *Service) Accept(ctx context.Context, sub Submission) (Answer, error) {
	if err := CheckKey(sub.Key); err != nil {
		return Answer{}, err
	}
	if sub.Key != "" {
		if a, err := s.replay(ctx, sub); err != nil || a.Status != 0 {
			return a, err
		}
	}
	if err := s.room(ctx, sub); err != nil {
		return Answer{}, err
	}
	began := s.cfg.Store.Now()
	a, err := s.once(ctx, sub)
	if errors.Is(err, domain.ErrAgain) {
		a, err = s.once(ctx, sub)
	}
	if err == nil && !a.Replayed {
		s.cfg.Observe(Accepted{Environment: sub.Environment, Answer: a.Body, Took: s.cfg.Store.Now().Sub(began)})
	}
	return a, err
}

// refused answers a submission that could not be made. Its twin may have been
// accepted since the key was looked at, and be the very reason.
func (s *Service) refused(ctx context.Context, sub Submission, err error) (Answer, error) {
	if sub.Key != "" {
		if a, again := s.replay(ctx, sub); again == nil && a.Status != 0 {
			return a, nil
		}
	}
	return Answer{}, err
}

// once makes a submission and commits it.
func (s *Service) once(ctx context.Context, sub Submission) (Answer, error) {
	draft, err := sub.Make(ctx)
	if err != nil {
		return s.refused(ctx, sub, err)
	}
	return s.commit(ctx, sub, draft)
}

func (s *Service) commit(ctx context.Context, sub Submission, d domain.Draft) (Answer, error) {
	change := domain.Change{Parts: d.Parts}
	status := sub.Status
	if d.Done {
		status = sub.DoneStatus
	}
	if sub.Key != "" {
		kept, err := s.keep(sub, d)
		if err != nil {
			return Answer{}, err
		}
		now := s.cfg.Store.Now()
		change.Add(key{
			environment: sub.Environment, route: sub.Route, key: sub.Key, digest: schemas.DigestOf(sub.Body).String(),
			status: status, answer: kept, created: now, expires: now.Add(keyLives),
		})
	}
	err := s.cfg.Applier.Apply(ctx, change)
	if errors.Is(err, errKeyTaken) {
		// A twin was faster and its commit is in: answer what it was answered.
		if a, err := s.replay(ctx, sub); err != nil || a.Status != 0 {
			return a, err
		}
		return Answer{}, fmt.Errorf("ingest: key %q is taken but not stored", sub.Key)
	}
	if err != nil && d.Explain != nil {
		err = d.Explain(ctx, err)
	}
	if err != nil {
		return Answer{}, err
	}
	if !d.Done {
		s.backlog.add(sub.Environment)
	}
	if sub.Tells {
		s.deliveries.add(sub.Environment)
	}
	if d.Committed != nil {
		d.Committed()
	}
	return Answer{Status: status, Body: d.Answer}, nil
}

// sealedForm begins every sealed answer, and no JSON.
const sealedForm = "s1:"

// keep gives what is stored of an answer for a repeated request: one that shows
// a secret is sealed.
func (s *Service) keep(sub Submission, d domain.Draft) ([]byte, error) {
	if !d.ShowsSecret {
		return d.Answer, nil
	}
	if s.cfg.Sealer == nil {
		return nil, errors.New("ingest: an answer that shows a secret cannot be kept without a Sealer")
	}
	sealed, err := s.cfg.Sealer.Seal(d.Answer, placeOf(sub))
	return []byte(sealed), err
}

// kept gives the answer of what keep made.
func (s *Service) kept(sub Submission, stored []byte) ([]byte, error) {
	if s.cfg.Sealer == nil || !bytes.HasPrefix(stored, []byte(sealedForm)) {
		return stored, nil
	}
	return s.cfg.Sealer.Open(string(stored), placeOf(sub))
}

// placeOf binds a sealed answer to its key.
func placeOf(sub Submission) string {
	return "idempotency_key/" + string(sub.Environment) + "/" + sub.Route + "/" + sub.Key
}

// room refuses when the backlog is full or the bus has been away for long.
func (s *Service) room(ctx context.Context, sub Submission) error {
	if !sub.New && !sub.Tells {
		return nil
	}
	if s.cfg.BusAway() > maxBusAway {
		return later(ErrBusAway)
	}
	for _, b := range []struct {
		adds bool
		to   *backlog
		err  *domain.Error
	}{{sub.New, s.backlog, ErrBacklog}, {sub.Tells, s.deliveries, ErrDeliveryBacklog}} {
		if !b.adds {
			continue
		}
		full, err := b.to.full(ctx, sub.Environment)
		if err != nil {
			return err
		}
		if full {
			return later(b.err)
		}
	}
	return nil
}

func later(e *domain.Error) error {
	c := *e
	c.RetryAfter = retryAfter
	return &c
}

// CheckKey refuses what is no Idempotency-Key; none is fine.
func CheckKey(k string) error {
	if len(k) > 255 {
		return ErrKeyInvalid
	}
	for i := range len(k) {
		if k[i] < 0x21 || k[i] > 0x7e {
			return ErrKeyInvalid
		}
	}
	return nil
}
