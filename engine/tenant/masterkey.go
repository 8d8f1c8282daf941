package tenant

import (
	"context"
	"fmt"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
)

// CheckKeys compares the keyring with what earlier starts recorded. It refuses
// a key id that now means another key, and a keyring that lacks a key under
// which a signing secret is still sealed. Call it at start, after the
// migrations and before anything is sealed.
func (s *Service) CheckKeys(ctx context.Context) error {
	if err := s.recordKeys(ctx); err != nil {
		return fmt.Errorf("check master keys: %w", err)
	}
	recorded, err := selectMasterKeys(ctx, s.store.Reader())
	if err != nil {
		return fmt.Errorf("check master keys: %w", err)
	}
	for _, id := range s.keyring.IDs() {
		if recorded[id] != s.keyring.CheckValue(id) {
			return fmt.Errorf("check master keys: key %q in AFARA_MASTER_KEY is not the key that this database was sealed with: restore that key, or give the new one another id in front of it", id)
		}
	}
	return s.checkSealed(ctx)
}

// recordKeys writes down each id that is new; an id that is there keeps its
// value, whoever of several starting nodes came first.
func (s *Service) recordKeys(ctx context.Context) error {
	var statements []store.Statement
	for _, id := range s.keyring.IDs() {
		statements = append(statements, insertMasterKey(id, s.keyring.CheckValue(id), s.store.Now()))
	}
	return s.store.Write(ctx, statements)
}

func (s *Service) checkSealed(ctx context.Context) error {
	rows, err := selectAllSecrets(ctx, s.store.Reader())
	if err != nil {
		return fmt.Errorf("check master keys: %w", err)
	}
	for _, row := range rows {
		for _, sealed := range row.sealed() {
			id, err := secret.KeyOf(sealed)
			if err != nil {
				return fmt.Errorf("check master keys: signing secret of %s: %w", row.env, err)
			}
			if s.keyring.CheckValue(id) == "" {
				return fmt.Errorf("check master keys: the signing secret of %s is sealed under key %q, which AFARA_MASTER_KEY lacks: add it after the current key", row.env, id)
			}
		}
	}
	return nil
}

// Reseal seals every signing secret under the current master key and answers
// how many it changed; afterwards an older key may leave the keyring as far as
// this package is concerned. A secret that is rotated meanwhile is left alone
// (store.ErrStale): run it again.
func (s *Service) Reseal(ctx context.Context) (int, error) {
	rows, err := selectAllSecrets(ctx, s.store.Reader())
	if err != nil {
		return 0, failed("reseal", err)
	}
	var statements []store.Statement
	for _, row := range rows {
		next, changed, err := s.reseal(row)
		if err != nil {
			return 0, fmt.Errorf("reseal %s: %w", row.env, err)
		}
		if changed {
			statements = append(statements, replaceSecrets(row, next))
		}
	}
	if len(statements) == 0 {
		return 0, nil
	}
	if err := s.store.Write(ctx, statements); err != nil {
		return 0, failed("reseal", err)
	}
	return len(statements), nil
}

func (s *Service) reseal(row secretRow) (next secretRow, changed bool, err error) {
	next = row
	for _, sealed := range []*string{&next.current, &next.previous} {
		id, err := secret.KeyOf(*sealed)
		if *sealed == "" || err == nil && id == s.keyring.Current() {
			continue
		}
		if *sealed, err = s.sealAgain(row.env, *sealed); err != nil {
			return row, false, err
		}
		changed = true
	}
	return next, changed, nil
}

func (s *Service) sealAgain(env domain.EnvironmentID, sealed string) (string, error) {
	plain, err := s.keyring.Open(sealed, secretPlace(env))
	if err != nil {
		return "", err
	}
	return s.keyring.Seal(plain, secretPlace(env))
}
