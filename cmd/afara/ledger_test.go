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
