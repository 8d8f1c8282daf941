package tenant

import (
	"context"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
)

// Key is what may be shown of an API key.
type Key struct {
	ID          domain.KeyID
	Environment domain.EnvironmentID
	Scopes      []domain.Scope
	Description string
	CreatedAt   time.Time
	// RevokedAt is zero while the key works.
	RevokedAt time.Time
}

// ErrNoKey is a key that is not there, or not in that environment.
var ErrNoKey = &domain.Error{
	Kind: domain.KindNotFound, Code: "key_not_found",
	Detail: "No key of this environment has this id: list them (afara keys list).",
}

// CreateKey makes an API key and answers it as "keyId:secret", which is shown
// this once: only a hash of the secret is stored.
func (s *Service) CreateKey(ctx context.Context, env domain.EnvironmentID, scopes []domain.Scope, description string) (shown string, k Key, err error) {
	if err := invalid(checkScopes(scopes), checkText("/description", description)); err != nil {
		return "", Key{}, err
	}
	k = Key{
		ID:          domain.NewID[domain.KeyID](domain.PrefixKey),
		Environment: env,
		Scopes:      scopes,
		Description: description,
		CreatedAt:   truncate(s.store.Now()),
	}
	apiSecret := secret.NewAPISecret()
	if err := s.store.Write(ctx, []store.Statement{insertKey(k, secret.Hash(apiSecret))}); err != nil {
		return "", Key{}, failed("create key", err)
	}
	return string(k.ID) + ":" + apiSecret, k, nil
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
	err := s.store.Write(ctx, []store.Statement{revokeKey(env, id, s.store.Now())})
	s.keys.drop(id) // whatever the answer: after an unknown commit too
	if err != nil {
		return failed("revoke key", err)
	}
	return nil
}
