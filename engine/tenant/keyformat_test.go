package tenant_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/tenant"
)

func TestAKeyOfSandPaysFormIsOneWordAndWorksLikeAnyOther(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		test := sandbox(t, s, "A")
		live, err := s.CreateEnvironment(t.Context(), tenant.NewEnvironment{Organisation: test.Organisation, Kind: domain.Production, Mode: domain.ModeSI})
		if err != nil {
			t.Fatal(err)
		}
		for env, form := range map[domain.EnvironmentID]string{test.ID: `^sp_sk_test_[0-9a-z]{78}$`, live.ID: `^sp_sk_live_[0-9a-z]{78}$`} {
			shown, k := word(t, s, env)
			if !regexp.MustCompile(form).MatchString(shown) || !strings.HasPrefix(shown, k.Begins) || len(k.Begins) != 37 {
				t.Errorf("%s begins with %s, want %s", shown, k.Begins, form)
			}
			p, err := s.Authenticate(t.Context(), shown)
			if err != nil || p.Key != k.ID || p.Environment.ID != env || !p.May(domain.ScopeWrite) {
				t.Errorf("%+v, %v", p, err)
			}
			list, err := s.ListKeys(t.Context(), env)
			if err != nil || len(list) != 1 || list[0].Begins != k.Begins || list[0].Format != tenant.FormatSandPay {
				t.Errorf("%+v, %v", list, err)
			}
			if n := holding(t, db, shown[len(k.Begins):]); n != 0 {
				t.Errorf("%d rows hold the secret", n)
			}
		}
	})
}

func TestKeysOfSandPaysFormAreRevokedOneByOne(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		env := sandbox(t, s, "A")
		first, k := word(t, s, env.ID)
		second, _ := word(t, s, env.ID)
		for _, shown := range []string{first, second} {
			if _, err := s.Authenticate(t.Context(), shown); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.RevokeKey(t.Context(), env.ID, k.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Authenticate(t.Context(), first); !errors.Is(err, tenant.ErrUnauthenticated) {
			t.Errorf("still works: %v", err)
		}
		if _, err := s.Authenticate(t.Context(), second); err != nil {
			t.Errorf("the other one has ended too: %v", err)
		}
	})
}

func TestEveryRefusalOfAKeyOfSandPaysFormIsTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		env := sandbox(t, s, "A")
		shown, k := word(t, s, env.ID)
		pair, _ := key(t, s, env.ID, domain.ScopeRead)
		_, apiSecret, _ := strings.Cut(pair, ":")
		for name, bearer := range map[string]string{
			"prefix alone": k.Begins, "no random part": "sp_sk_test_", "short": shown[:20], "one less": shown[:len(shown)-1], "one more": shown + "a",
			"as live": strings.Replace(shown, "_test_", "_live_", 1), "capitals": strings.ToUpper(shown), "id in capitals": "sp_sk_test_" + strings.ToUpper(shown[11:37]) + shown[37:],
			"as a pair": string(k.ID) + ":" + shown[37:], "secret of another key": k.Begins + apiSecret, "no id": "sp_sk_test_" + strings.Repeat("z", 78), "long": shown + strings.Repeat("x", 1<<20),
		} {
			p, err := s.Authenticate(t.Context(), bearer)
			if err != error(tenant.ErrUnauthenticated) || p.Key != "" { //nolint:errorlint // the very same value is the promise
				t.Errorf("%s: %+v, %v", name, p, err)
			}
		}
	})
}

func TestAKeyHasAFormatThatThereIs(t *testing.T) {
	t.Parallel()
	s := open(t, "sqlite:"+t.TempDir()+"/afara.db").service().open(t)
	_, _, err := s.MintKey(t.Context(), tenant.NewKey{Environment: "env_1", Format: "stripe"})
	wantFaults(t, err, "/scopes", "/format")
}

// Whatever somebody presents, only the keys themselves work.
func FuzzAuthenticate(f *testing.F) {
	db := open(f, "sqlite:"+f.TempDir()+"/afara.db")
	s := db.service().open(f)
	env := sandbox(f, s, "A")
	one, k := word(f, s, env.ID)
	pair, _ := key(f, s, env.ID, domain.ScopeRead)
	for _, seed := range []string{"", ":", one, pair, k.Begins, "sp_sk_live_" + one[11:], "sp_sk_test_" + pair, string(k.ID) + ":" + one, strings.ToUpper(one)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, bearer string) {
		p, err := s.Authenticate(t.Context(), bearer)
		works := bearer == one || bearer == pair || bearer == string(k.ID)+":"+one // the whole word is a secret too
		if works != (err == nil) || works != (p.Key != "") {
			t.Errorf("%q: %+v, %v", bearer, p, err)
		}
	})
}

// word makes a key in SandPay's form.
func word(t testing.TB, s *tenant.Service, env domain.EnvironmentID) (string, tenant.Key) {
	t.Helper()
	shown, k, err := s.MintKey(t.Context(), tenant.NewKey{Environment: env, Scopes: []domain.Scope{domain.ScopeWrite}, Format: tenant.FormatSandPay})
	if err != nil {
		t.Fatal(err)
	}
	return shown, k
}

// holding counts the rows of keys in which a text stands.
func holding(t *testing.T, db *database, text string) (n int64) {
	t.Helper()
	rows, err := db.Query(t.Context(), `SELECT COUNT(*) FROM api_key WHERE id LIKE $1 OR secret_hash LIKE $1 OR description LIKE $1 OR format LIKE $1`, "%"+text+"%")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	return n
}
