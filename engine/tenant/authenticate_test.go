package tenant_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/tenant"
)

func TestKeyAuthenticatesItsOwnEnvironment(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		env := sandbox(t, s, "A")
		sandbox(t, s, "B")
		shown, k := key(t, s, env.ID, domain.ScopeWrite, domain.ScopeOps)
		p, err := s.Authenticate(t.Context(), shown)
		if err != nil || p.Key != k.ID || p.Environment != env.Environment {
			t.Fatalf("%+v, %v", p, err)
		}
		if !p.May(domain.ScopeRead) || !p.May(domain.ScopeOps) || len(p.Scopes) != 2 {
			t.Errorf("scopes %v", p.Scopes)
		}
	})
}

func TestEveryRefusalIsTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		env := sandbox(t, s, "A")
		shown, k := key(t, s, env.ID, domain.ScopeRead)
		revoked, r := key(t, s, env.ID, domain.ScopeRead)
		if err := s.RevokeKey(t.Context(), env.ID, r.ID); err != nil {
			t.Fatal(err)
		}
		_, other := key(t, s, env.ID, domain.ScopeRead)
		id, apiSecret, _ := strings.Cut(shown, ":")
		unknown := domain.NewID[domain.KeyID](domain.PrefixKey)
		for name, bearer := range map[string]string{
			"empty": "", "no colon": id, "no secret": id + ":", "wrong secret": id + ":" + apiSecret[1:],
			"secret of another key": string(other.ID) + ":" + apiSecret, "unknown id": string(unknown) + ":" + apiSecret,
			"hash instead of secret": string(unknown) + ":" + strings.Repeat("-", 64),
			"revoked":                revoked, "with the word": "Bearer " + shown, "blank": shown + " ",
			"sql": "' OR 1=1 --:" + apiSecret, "long": shown + strings.Repeat("x", 1<<20), "nul": string(k.ID) + "\x00:" + apiSecret,
		} {
			p, err := s.Authenticate(t.Context(), bearer)
			if err != error(tenant.ErrUnauthenticated) || p.Key != "" { //nolint:errorlint // the very same value is the promise
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		}
	})
}

func TestRevocationIsSeenAtOnceHereAndWithinTwoSecondsElsewhere(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		here, there := db.service().open(t), db.service().open(t)
		env := sandbox(t, here, "A")
		shown, k := key(t, here, env.ID, domain.ScopeRead)
		for _, s := range []*tenant.Service{here, there} {
			if _, err := s.Authenticate(t.Context(), shown); err != nil {
				t.Fatal(err)
			}
		}
		if err := here.RevokeKey(t.Context(), env.ID, k.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := here.Authenticate(t.Context(), shown); !errors.Is(err, tenant.ErrUnauthenticated) {
			t.Errorf("still works where it was revoked: %v", err)
		}
		db.clock.Add(2 * time.Second)
		if _, err := there.Authenticate(t.Context(), shown); !errors.Is(err, tenant.ErrUnauthenticated) {
			t.Errorf("still works elsewhere after two seconds: %v", err)
		}
	})
}

func TestWorkingKeysAreRememberedAndRefusalsAreNot(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		env := sandbox(t, s, "A")
		shown, k := key(t, s, env.ID, domain.ScopeRead)
		before := db.count()
		for range 10 {
			if _, err := s.Authenticate(t.Context(), shown); err != nil {
				t.Fatal(err)
			}
		}
		if n := db.count() - before; n != 1 {
			t.Errorf("%d reads for ten requests with one key", n)
		}
		if _, err := s.Authenticate(t.Context(), string(k.ID)+":wrong"); err == nil {
			t.Error("a wrong secret works while the right one is remembered")
		}
		before = db.count()
		for range 10 {
			_, _ = s.Authenticate(t.Context(), string(domain.NewID[domain.KeyID](domain.PrefixKey))+":x")
		}
		if n := db.count() - before; n != 10 {
			t.Errorf("%d reads for ten unknown keys", n)
		}
	})
}

func TestDatabaseAwayIsUnavailableNotUnauthenticated(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		shown, _ := key(t, s, sandbox(t, s, "A").ID, domain.ScopeRead)
		db.fail(store.ErrUnavailable)
		if _, err := s.Authenticate(t.Context(), shown); !errors.Is(err, tenant.ErrUnavailable) || errors.Is(err, tenant.ErrUnauthenticated) {
			t.Errorf("%v", err)
		}
		db.fail(nil)
		if _, err := s.Authenticate(t.Context(), shown); err != nil {
			t.Errorf("after it came back: %v", err)
		}
	})
}

func TestKeysAreListedWithoutSecrets(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		env, other := sandbox(t, s, "A"), sandbox(t, s, "B")
		_, a := key(t, s, env.ID, domain.ScopeRead, domain.ScopeOps)
		_, b := key(t, s, env.ID, domain.ScopeWrite)
		key(t, s, other.ID, domain.ScopeRead)
		db.clock.Add(time.Minute)
		if err := s.RevokeKey(t.Context(), env.ID, b.ID); err != nil {
			t.Fatal(err)
		}
		b.RevokedAt = db.clock.Now()
		db.clock.Add(time.Minute)
		if err := s.RevokeKey(t.Context(), env.ID, b.ID); err != nil {
			t.Errorf("revoking again: %v", err)
		}
		list, err := s.ListKeys(t.Context(), env.ID)
		if err != nil || !reflect.DeepEqual(list, []tenant.Key{a, b}) {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestKeyOfAnotherEnvironmentCannotBeRevoked(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		env, other := sandbox(t, s, "A"), sandbox(t, s, "B")
		shown, k := key(t, s, env.ID, domain.ScopeRead)
		if err := s.RevokeKey(t.Context(), other.ID, k.ID); !errors.Is(err, tenant.ErrNoKey) {
			t.Errorf("%v", err)
		}
		if _, err := s.Authenticate(t.Context(), shown); err != nil {
			t.Errorf("the key was revoked all the same: %v", err)
		}
	})
}
