package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// NewConnection is what Put takes.
type NewConnection struct {
	Environment domain.EnvironmentID
	Kind        domain.EnvironmentKind
	Connector   string
	Name        string // default: the connector's name
	Settings    json.RawMessage
	// Capabilities it shall serve; default: those of the connector that no
	// other connection of the environment serves.
	Capabilities []string
	Enabled      bool
	// PollEvery is how often its streams are read, 0 for never; nil leaves it as it
	// is, or at a minute.
	PollEvery *time.Duration
}

// patch is n as the API would say it.
func (n NewConnection) patch() Patch {
	p := Patch{Connector: &n.Connector, Name: &n.Name, Settings: n.Settings, Enabled: &n.Enabled}
	if len(n.Capabilities) > 0 {
		p.Capabilities = &n.Capabilities
	}
	if n.PollEvery != nil {
		every := seconds(*n.PollEvery)
		if *n.PollEvery%time.Second != 0 {
			every = -1 // refused as out of range
		}
		p.PollEverySeconds = &every
	}
	return p
}

// operator is whom the audit names for what is done at the command line.
const operator = "operator"

// What the audit calls the deeds of persons. Its details name members and
// versions, never what a member holds.
const (
	deedCreate   = "connection.create"
	deedChange   = "connection.change"
	deedEnable   = "connection.enable"
	deedDisable  = "connection.disable"
	deedRollback = "connection.rollback"
	deedDelete   = "connection.delete"
)

// maxChanges bounds how often a change is tried when others change the same
// connection at the same time.
const maxChanges = 32

// Put makes the environment's connection of that name or changes it: the
// version rises, and calls use the new settings from then on. Whatever had
// paused the old settings is undone; one that is not enabled is paused, so that
// its messages wait.
func (s *Service) Put(ctx context.Context, n NewConnection) (Connection, error) {
	if n.Name == "" {
		n.Name = n.Connector
	}
	for try := 1; ; try++ {
		c, err := s.put(ctx, n)
		if !overtaken(err) || try == maxChanges {
			return c, err
		}
	}
}

func (s *Service) put(ctx context.Context, n NewConnection) (Connection, error) {
	existing, err := s.byName(ctx, n.Environment, n.Name)
	if errors.Is(err, store.ErrNotFound) {
		p := n.patch()
		p.free = true
		pl, err := s.planNew(ctx, domain.Environment{ID: n.Environment, Kind: n.Kind}, p, operator)
		if err == nil {
			err = s.apply(ctx, pl)
		}
		return s.done(ctx, pl, err)
	}
	if err != nil {
		return Connection{}, err
	}
	return s.change(ctx, n.Environment, existing.ID, func(pl *plan) error {
		pl.actor, pl.deed = operator, deedChange
		if err := s.lay(ctx, pl, n.patch()); err != nil {
			return err
		}
		if m, ok := s.cfg.Manifests.Manifest(n.Connector, n.Kind); ok && !pl.exact {
			pl.capabilities = m.Capabilities
		}
		pl.note = "changed " + pl.changed()
		return nil
	})
}

// Create drafts a new connection of an environment; the caller makes the answer
// from it.
func (s *Service) Create(ctx context.Context, env domain.Environment, p Patch, actor string) (Connection, domain.Draft, error) {
	pl, err := s.planNew(ctx, env, p, actor)
	if err != nil {
		return Connection{}, domain.Draft{}, err
	}
	parts, err := s.parts(pl)
	return pl.is, domain.Draft{Parts: parts, Done: true, Committed: s.noteChange, Explain: explainNew}, err
}

// explainNew says that the name is taken, and asks for another draft when a
// neighbour took a capability that was free, which the answer names.
func explainNew(_ context.Context, err error) error {
	if errors.Is(err, errMade) {
		return refusal(domain.Form{}, []domain.FieldError{nameTaken()})
	}
	if errors.Is(err, errCapabilityTaken) {
		return fmt.Errorf("%w: %w", domain.ErrAgain, ErrChanged)
	}
	return err
}

// planNew plans a connection that is not there yet.
func (s *Service) planNew(ctx context.Context, env domain.Environment, p Patch, actor string) (*plan, error) {
	now := domain.FromMicros(domain.Micros(s.cfg.Store.Now()))
	pl := &plan{deed: deedCreate, actor: actor, note: "created", is: Connection{
		Environment: env.ID, Kind: env.Kind, Version: 1, CreatedAt: now, UpdatedAt: now,
	}}
	if err := s.lay(ctx, pl, p); err != nil {
		return nil, err
	}
	there, err := s.List(ctx, env.ID)
	if err != nil {
		return nil, err
	}
	if len(there) >= MaxConnections {
		return nil, ErrTooMany
	}
	pl.is.ID = domain.NewID[domain.ConnectionID](domain.PrefixConnection)
	pl.is.Capabilities = pl.capabilities
	if !pl.exact {
		pl.is.Capabilities = unserved(pl.capabilities, there)
		pl.capabilities = pl.is.Capabilities
	}
	if !pl.is.Enabled {
		pl.is.DisabledAt, pl.is.Paused = now, &store.Gate{Key: string(pl.is.ID), ClosedUntil: forever, ClosedAt: now, Reason: reasonDisabled}
	}
	return pl, nil
}

// unserved are the capabilities that none of the connections serves.
func unserved(names []string, there []Connection) (free []string) {
	served := map[string]bool{}
	for _, c := range there {
		for _, name := range c.Capabilities {
			served[name] = true
		}
	}
	for _, name := range names {
		if !served[name] {
			free = append(free, name)
		}
	}
	return free
}

// Update changes what p names and answers the connection.
func (s *Service) Update(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID, p Patch, actor string) (Connection, error) {
	return s.change(ctx, env, id, func(pl *plan) error {
		pl.actor, pl.deed = actor, deedChange
		if err := s.lay(ctx, pl, p); err != nil {
			return err
		}
		if err := s.stillAt(ctx, pl.was, p.Version); err != nil {
			return err
		}
		pl.note = "changed " + pl.changed()
		return nil
	})
}

// stillAt refuses a change that was made up before another one. A credential
// that the connector has renewed since is none of a person's.
func (s *Service) stillAt(ctx context.Context, c Connection, seen *int64) error {
	if seen == nil {
		return nil
	}
	newest, err := s.newestVersion(ctx, c.ID)
	if err != nil || newest <= *seen && *seen <= c.Version {
		return err
	}
	e := ErrChanged.Detailed(fmt.Sprintf("The connection is at version %d by now. Read it again and repeat the change.", c.Version))
	e.Extra = map[string]any{"version": c.Version}
	return e
}

// SetEnabled lets a connection take new work and go on with what waits, or stops
// both. One that is so already stays as it is, but enabling also ends a pause.
func (s *Service) SetEnabled(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID, enabled bool, actor string) (Connection, error) {
	return s.change(ctx, env, id, func(pl *plan) error {
		pl.actor, pl.deed, pl.note = actor, deedDisable, "disabled"
		if enabled {
			pl.deed, pl.note = deedEnable, "enabled"
		}
		pl.is.Enabled, pl.opens = enabled, enabled
		if pl.was.Enabled == enabled && (!enabled || pl.was.Paused == nil) {
			return errNothing
		}
		return nil
	})
}

// errNothing: there is nothing to change.
var errNothing = errors.New("registry: it is so already")

// change reads a connection, plans its change and stores it if nobody else has
// changed it meanwhile.
func (s *Service) change(ctx context.Context, env domain.EnvironmentID, id domain.ConnectionID, do func(*plan) error) (Connection, error) {
	s.changing.Lock() // neighbours would only take turns at trying
	defer s.changing.Unlock()
	for try := 1; ; try++ {
		was, err := s.Shown(ctx, env, id)
		if err != nil {
			return Connection{}, err
		}
		pl := &plan{was: was, is: was}
		err = do(pl)
		if errors.Is(err, errNothing) {
			return was, nil
		}
		if err != nil {
			return Connection{}, err
		}
		pl.next(domain.FromMicros(domain.Micros(s.cfg.Store.Now())))
		err = s.apply(ctx, pl)
		if !overtaken(err) || try == maxChanges {
			return s.done(ctx, pl, err)
		}
	}
}

// overtaken reports whether another change of the same connection was faster.
func overtaken(err error) bool {
	return errors.Is(err, ErrChanged) || errors.Is(err, errMade) || errors.Is(err, errCapabilityTaken)
}

func (s *Service) apply(ctx context.Context, pl *plan) error {
	parts, err := s.parts(pl)
	if err != nil {
		return err
	}
	err = s.cfg.Applier.Apply(ctx, domain.Change{Parts: parts})
	if errors.Is(err, store.ErrConflict) {
		return refusal(domain.Form{}, []domain.FieldError{nameTaken()})
	}
	return err
}

// done answers a change that was stored, as it was stored: it may have been
// changed again since.
func (s *Service) done(ctx context.Context, pl *plan, err error) (Connection, error) {
	if err != nil {
		return Connection{}, err
	}
	s.noteChange()
	list, err := s.decorate(ctx, []Connection{pl.is})
	if err != nil {
		return Connection{}, fmt.Errorf("read connection: %w", err)
	}
	return list[0], nil
}

func (s *Service) noteChange() {
	s.forget()
	signal(s.changed)
}
