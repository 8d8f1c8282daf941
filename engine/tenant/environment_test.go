package tenant_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/tenant"
)

func TestEnvironmentIsReadAsItWasMade(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		made := sandbox(t, s, "Ada Ltd")
		read, err := s.Environment(t.Context(), made.ID)
		if err != nil || !reflect.DeepEqual(read, made) {
			t.Errorf("read %+v, made %+v, %v", read, made, err)
		}
		if made.Name != "sandbox" || !made.AllowHTTP || !made.AllowLoopback || !domain.IsID(domain.PrefixEnvironment, string(made.ID)) {
			t.Errorf("%+v", made)
		}
		list, err := s.Environments(t.Context(), made.Organisation)
		if err != nil || !reflect.DeepEqual(list, []tenant.Environment{made}) {
			t.Errorf("list %+v, %v", list, err)
		}
		orgs, err := s.Organisations(t.Context())
		if err != nil || len(orgs) != 1 || orgs[0].Name != "Ada Ltd" || orgs[0].ID != made.Organisation {
			t.Errorf("organisations %+v, %v", orgs, err)
		}
	})
}

func TestEnvironmentsAreListedPerOrganisation(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		a, b := sandbox(t, s, "A"), sandbox(t, s, "B")
		ofA, err := s.Environments(t.Context(), a.Organisation)
		if err != nil || len(ofA) != 1 || ofA[0].ID != a.ID {
			t.Errorf("of A: %+v, %v", ofA, err)
		}
		all, err := s.Environments(t.Context(), "")
		if err != nil || len(all) != 2 || all[1].ID != b.ID {
			t.Errorf("all: %+v, %v", all, err)
		}
	})
}

func TestNamesAreTakenOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		e := sandbox(t, s, "A")
		if _, err := s.CreateOrganisation(t.Context(), "A"); !errors.Is(err, tenant.ErrNameTaken) {
			t.Errorf("second organisation: %v", err)
		}
		again := tenant.NewEnvironment{Organisation: e.Organisation, Kind: domain.Sandbox, Mode: domain.ModeSI}
		if _, err := s.CreateEnvironment(t.Context(), again); !errors.Is(err, tenant.ErrNameTaken) {
			t.Errorf("second environment: %v", err)
		}
		again.Name = "another"
		if _, err := s.CreateEnvironment(t.Context(), again); err != nil {
			t.Errorf("another name: %v", err)
		}
	})
}

func TestParallelCreatorsOfOneNameLeaveOne(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		results := make(chan error, 32)
		for range cap(results) {
			go func() {
				_, err := s.CreateOrganisation(t.Context(), "A")
				results <- err
			}()
		}
		var made int
		for range cap(results) {
			if err := <-results; err == nil {
				made++
			} else if !errors.Is(err, tenant.ErrNameTaken) {
				t.Error(err)
			}
		}
		if made != 1 {
			t.Errorf("%d were made", made)
		}
	})
}

func TestMissingThingsAreNamed(t *testing.T) {
	onBoth(t, func(t *testing.T, db *database) {
		s := db.service().open(t)
		_, err := s.CreateEnvironment(t.Context(), tenant.NewEnvironment{Organisation: "org_none", Kind: domain.Sandbox, Mode: domain.ModeSI})
		if !errors.Is(err, tenant.ErrNoOrganisation) {
			t.Errorf("environment without organisation: %v", err)
		}
		if _, _, err := s.CreateKey(t.Context(), "env_none", []domain.Scope{domain.ScopeRead}, ""); !errors.Is(err, tenant.ErrNoEnvironment) {
			t.Errorf("key without environment: %v", err)
		}
		if _, err := s.Environment(t.Context(), "env_none"); !errors.Is(err, tenant.ErrNoEnvironment) {
			t.Errorf("environment: %v", err)
		}
		if _, err := s.SigningSecrets(t.Context(), "env_none"); !errors.Is(err, tenant.ErrNoEnvironment) {
			t.Errorf("secrets: %v", err)
		}
		if _, err := s.RotateSigningSecret(t.Context(), "env_none", 0, "tester"); !errors.Is(err, tenant.ErrNoEnvironment) {
			t.Errorf("rotation: %v", err)
		}
	})
}

func TestFaultsOfInputAreNamedAllAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, "sqlite:"+t.TempDir()+"/afara.db").service().open(t)
	_, err := s.CreateEnvironment(t.Context(), tenant.NewEnvironment{Name: " x", Kind: "test", Mode: "si"})
	wantFaults(t, err, "/name", "/kind", "/mode")
	_, err = s.CreateEnvironment(t.Context(), tenant.NewEnvironment{Kind: domain.Production, Mode: domain.ModeSI, AllowLoopback: true})
	wantFaults(t, err, "/allowLoopback")
	for _, mode := range []domain.InvoiceMode{domain.ModeAP, domain.ModeHybrid} { // they would register only
		_, err = s.CreateEnvironment(t.Context(), tenant.NewEnvironment{Kind: domain.Sandbox, Mode: mode})
		wantFaults(t, err, "/mode")
	}
	_, err = s.CreateOrganisation(t.Context(), "")
	wantFaults(t, err, "/name")
	_, err = s.CreateOrganisation(t.Context(), "a\x00b")
	wantFaults(t, err, "/name")
	_, _, err = s.CreateKey(t.Context(), "env_1", nil, strings.Repeat("x", 201))
	wantFaults(t, err, "/scopes", "/description")
	_, _, err = s.CreateKey(t.Context(), "env_1", []domain.Scope{"read", "admin"}, "")
	wantFaults(t, err, "/scopes/1")
	_, _, err = s.CreateKey(t.Context(), "env_1", []domain.Scope{"read", "read"}, "")
	wantFaults(t, err, "/scopes/1")
	_, err = s.RotateSigningSecret(t.Context(), "env_1", -1, "tester")
	wantFaults(t, err, "/overlap")
}

func wantFaults(t *testing.T, err error, pointers ...string) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != domain.KindInvalid || len(e.Fields) != len(pointers) {
		t.Errorf("want faults at %v, got %v", pointers, err)
		return
	}
	for i, f := range e.Fields {
		if f.Pointer != pointers[i] || f.Code == "" || f.Detail == "" || f.Fix == "" {
			t.Errorf("fault %d is %+v, want one at %s with code, detail and fix", i, f, pointers[i])
		}
	}
}
