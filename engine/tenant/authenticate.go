package tenant

import (
	"context"
	"errors"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
)

// ErrUnauthenticated is the one answer to a key that is malformed, unknown,
// wrong or revoked: which of them it was helps only an attacker.
var ErrUnauthenticated = &domain.Error{
	Kind: domain.KindUnauthenticated, Code: "unauthenticated",
	Detail: "The API key is not valid: send \"Authorization: Bearer keyId:secret\" with a key that is not revoked.",
}

// ErrUnavailable is a database that cannot answer now.
var ErrUnavailable = &domain.Error{
	Kind: domain.KindUnavailable, Code: "store_unavailable",
	Detail: "The database cannot answer now: send the request again later.",
}

// keyRow is what is remembered of a live key.
type keyRow struct {
	hash      string
	principal domain.Principal
}

// nobody has a hash that no secret has; an unknown key is compared with it so
// that it takes the time of a wrong one.
var nobody = keyRow{hash: strings.Repeat("-", 64)}

// Authenticate answers who presents bearer, the key of a request in any format,
// without the word Bearer. A key that works is remembered for a second; a
// refusal is not. The error is ErrUnauthenticated, or ErrUnavailable when the
// database is away and the key is not remembered.
func (s *Service) Authenticate(ctx context.Context, bearer string) (domain.Principal, error) {
	id, hashed, ok := parseKey(bearer)
	if !ok {
		return domain.Principal{}, ErrUnauthenticated
	}
	row, err := s.keys.get(ctx, id, s.loadKey)
	if errors.Is(err, store.ErrNotFound) {
		row = nobody
	} else if err != nil {
		return domain.Principal{}, failed("authenticate", err)
	}
	if !secret.Matches(row.hash, hashed) {
		return domain.Principal{}, ErrUnauthenticated
	}
	return row.principal, nil
}

func (s *Service) loadKey(ctx context.Context, id domain.KeyID) (keyRow, error) {
	return selectLiveKey(ctx, s.store.Reader(), id)
}
