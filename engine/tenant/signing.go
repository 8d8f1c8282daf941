package tenant

import (
	"context"
	"fmt"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
)

// SigningSecrets answers the secrets that sign an environment's callbacks, as
// shown to integrators ("whsec_…"): the current one first, then, while a
// rotation overlaps, the previous one. Cached for a second.
func (s *Service) SigningSecrets(ctx context.Context, env domain.EnvironmentID) ([]string, error) {
	return s.secrets.get(ctx, env, s.openSecrets)
}

func (s *Service) openSecrets(ctx context.Context, env domain.EnvironmentID) ([]string, error) {
	row, err := selectSecrets(ctx, s.store.Reader(), env)
	if err != nil {
		return nil, notFound("read signing secrets", err, ErrNoEnvironment)
	}
	sealed := []string{row.current}
	if row.previous != "" && s.store.Now().Before(row.previousUntil) {
		sealed = append(sealed, row.previous)
	}
	secrets := make([]string, len(sealed))
	for i, text := range sealed {
		plain, err := s.keyring.Open(text, secretPlace(env))
		if err != nil {
			return nil, fmt.Errorf("open signing secret of %s: %w", env, err)
		}
		secrets[i] = string(plain)
	}
	return secrets, nil
}

// maxOverlap is the longest time for which two secrets sign.
const maxOverlap = 7 * 24 * time.Hour

// RotateSigningSecret makes a new signing secret and answers it. The old one
// signs too until overlap has passed (0 to 7 days); an older one than that
// ends now. The audit keeps who did it.
func (s *Service) RotateSigningSecret(ctx context.Context, env domain.EnvironmentID, overlap time.Duration, actor string) (string, error) {
	if overlap < 0 || overlap > maxOverlap {
		return "", invalid(&domain.FieldError{
			Pointer: "/overlap", Code: "range", Detail: "is not between 0 and 7 days", Fix: "use 24h",
		})
	}
	shown := secret.NewSigningSecret()
	sealed, err := s.keyring.Seal([]byte(shown), secretPlace(env))
	if err != nil {
		return "", failed("rotate signing secret", err)
	}
	now := s.store.Now()
	err = s.applier.Apply(ctx, domain.Change{Parts: []domain.Part{
		rotatedSecret{env: env, sealed: sealed, until: now.Add(overlap)},
		domain.AuditEntry{
			Environment: env, Actor: actor, Action: "environment.rotate_secret", Subject: string(env),
			Detail: fmt.Sprintf("overlapSeconds %d", int64(overlap/time.Second)), At: now,
		},
	}})
	s.secrets.drop(env)
	if err != nil {
		return "", failed("rotate signing secret", err)
	}
	return shown, nil
}

// secretPlace binds a sealed secret to its environment.
func secretPlace(env domain.EnvironmentID) string {
	return "environment/" + string(env) + "/signing_secret"
}
