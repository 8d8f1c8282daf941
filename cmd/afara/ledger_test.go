package main_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
	"github.com/afara-dev/afara/engine/store"
)

func TestTheLedgerIsProvedAtTheCommandLine(t *testing.T) {
	t.Parallel()
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "data")}
	org := s.admin("org", "create", "Adebayo Stores")
	s.env = strings.Fields(s.admin("env", "create", "--organisation", org, "--kind", "sandbox"))[1]
	if got := s.admin("ledger", "verify"); got != "all adds up (entries: 0, postings: 0, accounts: 0)" {
		t.Errorf("%s", got)
	}
	e := domain.LedgerEntry{
		ID: domain.NewID[domain.EntryID](domain.PrefixEntry), Environment: domain.EnvironmentID(s.env), Kind: "collection", Resource: "TX_1", Currency: "XOF", At: time.Now(),
		Postings: []domain.Posting{{Account: domain.SIMAccount("+2250707000001"), Amount: -25000}, {Account: domain.AccountFloat, Amount: 24750}, {Account: domain.AccountCommission, Amount: 250}},
	}
	s.database(func(db *store.Store) error {
		applier := store.NewApplier(db)
		ledger.Register(applier)
		return applier.Apply(t.Context(), domain.Change{Parts: []domain.Part{e}})
	})
	if got := s.admin("ledger", "verify"); got != "all adds up (entries: 1, postings: 3, accounts: 3)" {
		t.Errorf("%s", got)
	}
	if got := s.admin("ledger", "balance", "--environment", s.env); strings.Join(strings.Fields(got), " ") !=
		"ACCOUNT CURRENCY BALANCE commission XOF 250 float XOF 24750 sim:+2250707000001 XOF -25000" {
		t.Errorf("%s", got)
	}
	if got := s.admin("ledger", "balance", "--environment", s.env, "--account", "float", "--currency", "RWF"); got != "none" {
		t.Errorf("%s", got)
	}
	for _, flag := range []string{"--account=mine", "--limit=0"} {
		if got := afaraWith(t, s.settings(), "ledger", "balance", "--environment", s.env, flag); got.code != 1 || !strings.Contains(got.err, flag[2:7]) {
			t.Errorf("%s: %+v", flag, got)
		}
	}
	s.database(func(db *store.Store) error {
		return db.Write(t.Context(), []store.Statement{{SQL: `UPDATE ledger_posting SET amount = 24751 WHERE account = 'float'`, Rows: 1}})
	})
	got := afaraWith(t, s.settings(), "ledger", "verify")
	if got.code != 1 || !strings.Contains(got.out, "entry "+s.env+" XOF "+string(e.ID)+": Postings: add up to 1") || !strings.Contains(got.err, "faults") {
		t.Errorf("%+v", got)
	}
}

func TestTheFloatIsAdjustedAtTheCommandLine(t *testing.T) {
	t.Parallel()
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "data")}
	org := s.admin("org", "create", "Adebayo Stores")
	s.env = strings.Fields(s.admin("env", "create", "--organisation", org, "--kind", "production"))[1]
	adjust := func(direction, amount string, more ...string) answer {
		return afaraWith(t, s.settings(), append([]string{
			"ledger", "adjust", "--environment", s.env, "--direction", direction, "--operator", "mtn", "--currency", "XOF", "--amount", amount, "--reason", "Float for the weekend",
		}, more...)...)
	}
	if got := adjust("credit", "500", "--reference", "FT-1"); got.code != 1 || !strings.Contains(got.err, "/operator: is no operator of this environment's corridors: make one first with PUT") {
		t.Errorf("%+v", got)
	}
	s.database(func(db *store.Store) error {
		return db.Write(t.Context(), []store.Statement{{
			SQL: `INSERT INTO corridor (environment_id, operator, country, connection_id, enabled, currency, commission_bps, merchant_absorption_pct, unknown_msisdn_policy, version, created_at, updated_at)
VALUES ($1, 'mtn', 'CI', 'con_1', 1, 'XOF', 100, 100, 'reject', 1, 1, 1)`, Args: []any{s.env}, Rows: 1,
		}})
	})
	if got := adjust("credit", "500", "--reference", "FT-1"); got.code != 0 || !strings.HasPrefix(got.out, "booked adj_") || !strings.HasSuffix(got.out, ": credit of 500 XOF, the float has 500") {
		t.Errorf("%+v", got)
	}
	if got := adjust("credit", "500", "--reference", "FT-1"); got.code != 1 || !strings.Contains(got.err, "duplicate_reference: The transfer with this reference is booked already, as adj_") {
		t.Errorf("%+v", got)
	}
	if got := adjust("debit", "501"); got.code != 1 || !strings.Contains(got.err, "float_too_low") || !strings.Contains(got.err, "it has 500") {
		t.Errorf("%+v", got)
	}
	if got := adjust("up", "0"); got.code != 1 || !strings.Contains(got.err, "/amount: is not between 1 and") || !strings.Contains(got.err, "/direction: is no direction: use credit") {
		t.Errorf("%+v", got)
	}
	if got := adjust("debit", "120"); got.code != 0 || !strings.HasSuffix(got.out, ": debit of 120 XOF, the float has 380") {
		t.Errorf("%+v", got)
	}
	if got := s.admin("ledger", "verify"); got != "all adds up (entries: 2, postings: 4, accounts: 2)" {
		t.Errorf("%s", got)
	}
	if got := s.admin("audit", "--environment", s.env, "--action", "float.credit"); !strings.Contains(got, "operator  float.credit") || !strings.Contains(got, "500 XOF, mtn, reference FT-1: Float for the weekend") {
		t.Errorf("%s", got)
	}
}

// database opens the installation's, beside no node.
func (s *site) database(do func(*store.Store) error) {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), store.Config{URL: "sqlite:" + filepath.Join(s.dir, "afara.db")})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if err := do(db); err != nil {
		s.t.Fatal(err)
	}
}
