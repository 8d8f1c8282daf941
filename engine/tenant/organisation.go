package tenant

import (
	"context"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// Organisation is a customer of this installation; it owns environments.
type Organisation struct {
	ID        domain.OrganisationID
	Name      string
	CreatedAt time.Time
}

// ErrNameTaken is a name that another organisation, or another environment of
// the same organisation, has.
var ErrNameTaken = &domain.Error{
	Kind: domain.KindConflict, Code: "name_taken",
	Detail: "This name is in use: choose another one.",
}

// CreateOrganisation makes an organisation. Its name is unique.
func (s *Service) CreateOrganisation(ctx context.Context, name string) (Organisation, error) {
	if err := invalid(checkName("/name", name)); err != nil {
		return Organisation{}, err
	}
	o := Organisation{
		ID:        domain.NewID[domain.OrganisationID](domain.PrefixOrganisation),
		Name:      name,
		CreatedAt: truncate(s.store.Now()),
	}
	if err := s.store.Write(ctx, []store.Statement{insertOrganisation(o)}); err != nil {
		return Organisation{}, failed("create organisation", err)
	}
	return o, nil
}

// Organisations lists all organisations in the order of their making.
func (s *Service) Organisations(ctx context.Context) ([]Organisation, error) {
	list, err := selectOrganisations(ctx, s.store.Reader())
	if err != nil {
		return nil, failed("list organisations", err)
	}
	return list, nil
}
