package tenant

import (
	"context"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
)

// Environment is one environment of an organisation, with what its callbacks
// may do beyond the default.
type Environment struct {
	domain.Environment
	Name string
	// AllowHTTP lets its callbacks go to http URLs.
	AllowHTTP bool
	// AllowLoopback lets its callbacks go to this machine; sandbox only.
	AllowLoopback bool
	CreatedAt     time.Time
}

// NewEnvironment says what CreateEnvironment shall make.
type NewEnvironment struct {
	Organisation domain.OrganisationID
	// Name is unique in the organisation; default: the kind.
	Name string
	// Kind is "sandbox" or "production".
	Kind domain.EnvironmentKind
	// Mode is "SI"; "AP" and "HYBRID" are refused until their flows are there.
	Mode          domain.InvoiceMode
	AllowHTTP     bool
	AllowLoopback bool
}

// ErrNoOrganisation is an organisation that is not there.
var ErrNoOrganisation = &domain.Error{
	Kind: domain.KindNotFound, Code: "organisation_not_found",
	Detail: "No organisation has this id: create it first (afara org create).",
}

// ErrNoEnvironment is an environment that is not there.
var ErrNoEnvironment = &domain.Error{
	Kind: domain.KindNotFound, Code: "environment_not_found",
	Detail: "No environment has this id: create it first (afara env create).",
}

// CreateEnvironment makes an environment and the secret that signs its
// callbacks, which is stored sealed; SigningSecrets shows it.
func (s *Service) CreateEnvironment(ctx context.Context, n NewEnvironment) (Environment, error) {
	if n.Name == "" {
		n.Name = string(n.Kind)
	}
	if err := invalid(n.check()...); err != nil {
		return Environment{}, err
	}
	e := n.make(s.store.Now())
	sealed, err := s.keyring.Seal([]byte(secret.NewSigningSecret()), secretPlace(e.ID))
	if err != nil {
		return Environment{}, failed("create environment", err)
	}
	if err := s.store.Write(ctx, []store.Statement{insertEnvironment(e, sealed)}); err != nil {
		return Environment{}, s.explain(ctx, n.Organisation, err)
	}
	return e, nil
}

func (n NewEnvironment) make(now time.Time) Environment {
	return Environment{
		Environment: domain.Environment{
			ID:           domain.NewID[domain.EnvironmentID](domain.PrefixEnvironment),
			Organisation: n.Organisation,
			Kind:         n.Kind,
			Mode:         n.Mode,
		},
		Name:          n.Name,
		AllowHTTP:     n.AllowHTTP,
		AllowLoopback: n.AllowLoopback,
		CreatedAt:     truncate(now),
	}
}

// explain tells a missing organisation from a name in use: the insert selects
// from organisation, so both touch no row.
func (s *Service) explain(ctx context.Context, id domain.OrganisationID, cause error) error {
	if exists, err := organisationExists(ctx, s.store.Reader(), id); err == nil && !exists {
		return ErrNoOrganisation
	}
	return failed("create environment", cause)
}

// Environment answers what is known of an environment; answers are cached for a
// second.
func (s *Service) Environment(ctx context.Context, id domain.EnvironmentID) (Environment, error) {
	return s.environments.get(ctx, id, func(ctx context.Context, id domain.EnvironmentID) (Environment, error) {
		e, err := selectEnvironment(ctx, s.store.Reader(), id)
		if err != nil {
			return Environment{}, notFound("read environment", err, ErrNoEnvironment)
		}
		return e, nil
	})
}

// Environments lists the environments of one organisation, or of all when id is
// empty, in the order of their making.
func (s *Service) Environments(ctx context.Context, id domain.OrganisationID) ([]Environment, error) {
	list, err := selectEnvironments(ctx, s.store.Reader(), id)
	if err != nil {
		return nil, failed("list environments", err)
	}
	return list, nil
}
