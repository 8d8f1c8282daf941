package tenant

import (
	"context"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// Key is what may be shown of an API key.
type Key struct {
	ID          domain.KeyID
	Environment domain.EnvironmentID
	Scopes      []domain.Scope
	Description string
	Format      KeyFormat
	// Begins is what the key begins with: all of it that may be shown again.
	Begins    string
	CreatedAt time.Time
	// RevokedAt is zero while the key works.
	RevokedAt time.Time
}

// ErrNoKey is a key that is not there, or not in that environment.
var ErrNoKey = &domain.Error{
	Kind: domain.KindNotFound, Code: "key_not_found",
	Detail: "No key of this environment has this id: list them (afara keys list).",
}

// operator is the actor of what is done to keys: only an installation's command
// line does it.
const operator = "operator"

// NewKey says what MintKey shall make.
type NewKey struct {
	Environment domain.EnvironmentID
	Scopes      []domain.Scope
	Description string
	Format      KeyFormat // default FormatAfara
}

// CreateKey is MintKey for a key in our own format.
func (s *Service) CreateKey(ctx context.Context, env domain.EnvironmentID, scopes []domain.Scope, description string) (shown string, k Key, err error) {
	return s.MintKey(ctx, NewKey{Environment: env, Scopes: scopes, Description: description})
}

// MintKey makes an API key and answers it, which is shown this once: only a hash
// of it is stored.
func (s *Service) MintKey(ctx context.Context, n NewKey) (shown string, k Key, err error) {
	if n.Format == "" {
		n.Format = FormatAfara
	}
	if err := invalid(checkScopes(n.Scopes), checkText("/description", n.Description), oneOf("/format", n.Format, FormatAfara, FormatSandPay)); err != nil {
		return "", Key{}, err
	}
	env, err := s.Environment(ctx, n.Environment)
	if err != nil {
		return "", Key{}, err
	}
	k = Key{
		ID:          domain.NewID[domain.KeyID](domain.PrefixKey),
		Environment: env.ID,
		Scopes:      n.Scopes,
		Description: n.Description,
		Format:      n.Format,
		CreatedAt:   truncate(s.store.Now()),
	}
	k.Begins = begins(k.ID, k.Format, env.Kind)
	shown, hash := k.mint()
	deed := domain.AuditEntry{Environment: env.ID, Actor: operator, Action: "key.create", Subject: string(k.ID), Detail: joinScopes(n.Scopes), At: k.CreatedAt}
	if err := s.applier.Apply(ctx, domain.Change{Parts: []domain.Part{keyChange{insertKey(k, hash)}, deed}}); err != nil {
		return "", Key{}, failed("create key", err)
	}
	return shown, k, nil
}

// ListKeys lists an environment's keys, revoked ones too, in the order of their
// making.
func (s *Service) ListKeys(ctx context.Context, env domain.EnvironmentID) ([]Key, error) {
	list, err := selectKeys(ctx, s.store.Reader(), env)
	if err != nil {
		return nil, failed("list keys", err)
	}
	return list, nil
}

// RevokeKey ends a key: at once on this node, within two seconds on others.
// Revoking a revoked key changes nothing.
func (s *Service) RevokeKey(ctx context.Context, env domain.EnvironmentID, id domain.KeyID) error {
	now := s.store.Now()
	err := s.applier.Apply(ctx, domain.Change{Parts: []domain.Part{
		keyChange{revokeKey(env, id, now)},
		domain.AuditEntry{Environment: env, Actor: operator, Action: "key.revoke", Subject: string(id), At: now},
	}})
	s.keys.drop(id) // whatever the answer: after an unknown commit too
	if err != nil {
		return failed("revoke key", err)
	}
	return nil
}
