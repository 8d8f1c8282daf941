package tenant_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/tenant"
)

func secrets(t *testing.T, s *tenant.Service, env domain.EnvironmentID) []string {
	t.Helper()
	list, err := s.SigningSecrets(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestRotationOverlapsCurrentFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s, there := db.service().open(t), db.service().open(t)
		env := sandbox(t, s, "A").ID
		first := secrets(t, s, env)
		if len(first) != 1 || !strings.HasPrefix(first[0], "whsec_") {
			t.Fatalf("%d secrets", len(first))
		}
		secrets(t, there, env)
		next, err := s.RotateSigningSecret(t.Context(), env, time.Hour, "tester")
		if err != nil {
			t.Fatal(err)
		}
		both := []string{next, first[0]}
		if got := secrets(t, s, env); !slices.Equal(got, both) {
			t.Error("during the overlap the secrets are not the new one, then the old one")
		}
		db.clock.Add(2 * time.Second)
		if got := secrets(t, there, env); !slices.Equal(got, both) {
			t.Error("another node does not see the rotation after two seconds")
		}
		db.clock.Add(time.Hour)
		if got := secrets(t, s, env); !slices.Equal(got, []string{next}) {
			t.Error("the old secret outlives the overlap")
		}
	})
}

func TestTheAuditKeepsARotation(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		env := sandbox(t, s, "A").ID
		for _, overlap := range []time.Duration{-1, maxOverlap + 1} {
			if _, err := s.RotateSigningSecret(t.Context(), env, overlap, "tester"); err == nil {
				t.Errorf("an overlap of %s was accepted", overlap)
			}
		}
		if _, err := s.RotateSigningSecret(t.Context(), "env_none", 0, "tester"); !errors.Is(err, tenant.ErrNoEnvironment) {
			t.Errorf("an environment that is not there: %v", err)
		}
		if _, err := s.RotateSigningSecret(t.Context(), env, time.Hour, "tester"); err != nil {
			t.Fatal(err)
		}
		rows, err := db.Query(t.Context(), `SELECT environment_id, actor, action, subject, detail FROM audit`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var got []string
		for rows.Next() {
			entry := make([]string, 5)
			if err := rows.Scan(&entry[0], &entry[1], &entry[2], &entry[3], &entry[4]); err != nil {
				t.Fatal(err)
			}
			got = append(got, strings.Join(entry, " "))
		}
		if want := string(env) + " tester environment.rotate_secret " + string(env) + " overlapSeconds 3600"; !slices.Equal(got, []string{want}) || rows.Err() != nil {
			t.Errorf("%q, want %q: %v", got, want, rows.Err())
		}
	})
}

const maxOverlap = 7 * 24 * time.Hour

func TestSecretsAreSealedAtRestAndBoundToTheirEnvironment(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		a, b := sandbox(t, s, "A").ID, sandbox(t, s, "B").ID
		shown := secrets(t, s, a)[0]
		sealed := stored(t, db, a)
		if strings.Contains(sealed, strings.TrimPrefix(shown, "whsec_")) {
			t.Error("the secret is stored in the clear")
		}
		swap := store.Statement{SQL: `UPDATE environment SET signing_secret = $1 WHERE id = $2`, Args: []any{sealed, string(b)}, Rows: 1}
		if err := db.Write(t.Context(), []store.Statement{swap}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SigningSecrets(t.Context(), b); !errors.Is(err, secret.ErrSealed) {
			t.Errorf("a secret moved to another environment opens: %v", err)
		}
	})
}

func stored(t *testing.T, db *database, env domain.EnvironmentID) (sealed string) {
	t.Helper()
	rows, err := db.Query(t.Context(), `SELECT signing_secret FROM environment WHERE id = $1`, string(env))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if !rows.Next() {
		t.Fatal("no row")
	}
	if err := rows.Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestStartWithAnotherKeyUnderTheSameIDIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		if err := db.service().open(t).CheckKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.service().open(t).CheckKeys(t.Context()); err != nil {
			t.Errorf("the second start: %v", err)
		}
		err := db.service().with(masterKey(2)).open(t).CheckKeys(t.Context())
		if err == nil || !strings.Contains(err.Error(), `"default"`) {
			t.Errorf("another key was accepted: %v", err)
		}
	})
}

func TestMasterKeyRotationKeepsOldSecretsUntilTheyAreResealed(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		ctx := t.Context()
		old := db.service().open(t)
		env := sandbox(t, old, "A").ID
		checkKeys(ctx, t, old)
		if _, err := old.RotateSigningSecret(ctx, env, time.Hour, "tester"); err != nil {
			t.Fatal(err)
		}
		want := secrets(t, old, env)

		both := db.service().with("k2:" + masterKey(2) + ",default:" + masterKey(1)).open(t)
		checkKeys(ctx, t, both)
		if got := secrets(t, both, env); !slices.Equal(got, want) {
			t.Error("the secrets changed with the master key")
		}
		only := db.service().with("k2:" + masterKey(2)).open(t)
		if err := only.CheckKeys(ctx); err == nil || !strings.Contains(err.Error(), `"default"`) {
			t.Errorf("a start without a key that is in use was accepted: %v", err)
		}
		if n, err := both.Reseal(ctx); n != 1 || err != nil {
			t.Errorf("resealed %d, %v", n, err)
		}
		if n, err := both.Reseal(ctx); n != 0 || err != nil {
			t.Errorf("resealed again %d, %v", n, err)
		}
		checkKeys(ctx, t, only)
		if got := secrets(t, only, env); !slices.Equal(got, want) {
			t.Error("the secrets changed when they were sealed again")
		}
	})
}

func checkKeys(ctx context.Context, t *testing.T, s *tenant.Service) {
	t.Helper()
	if err := s.CheckKeys(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestWiringIsChecked(t *testing.T) {
	t.Parallel()
	if _, err := tenant.New(tenant.Config{}); err == nil {
		t.Error("nothing at all was accepted")
	}
	keyring, err := secret.ParseKeyring(masterKey(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []time.Duration{-1, 3 * time.Second} {
		if _, err := tenant.New(tenant.Config{Store: &database{}, Keyring: keyring, Applier: store.NewApplier(nil), CacheFor: d}); err == nil {
			t.Errorf("CacheFor %v was accepted", d)
		}
	}
}
