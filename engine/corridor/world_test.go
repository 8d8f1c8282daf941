package corridor_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/audit"
	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testclock"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

const (
	ours   = domain.EnvironmentID("env_ours")
	theirs = domain.EnvironmentID("env_theirs")
	person = "key_person"
)

// world is the corridors of two environments over a real database.
type world struct {
	*testing.T
	clock    *testclock.Clock
	store    *store.Store
	applier  *store.Applier
	carriers []corridor.Carrier // of ours
}

func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	for name, open := range map[string]func(testing.TB, ...func(*store.Config)) *store.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{T: t, clock: testclock.New(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))}
			w.store = open(t, func(c *store.Config) { c.Now, c.Migrations = w.clock.Now, nil })
			w.applier = store.NewApplier(w.store)
			corridor.Register(w.applier)
			audit.Register(w.applier)
			w.carriers = []corridor.Carrier{
				{ID: "con_ci", Connector: "mtn", Enabled: true, Country: "CI"},
				{ID: "con_rw", Connector: "mtn", Enabled: true, Country: "RW", Currency: "RWF"},
				{ID: "con_moov", Connector: "moov", Enabled: true},
				{ID: "con_off", Connector: "moov"},
				{ID: "con_orange_1", Connector: "orange", Enabled: true}, {ID: "con_orange_2", Connector: "orange", Enabled: true},
				{ID: "con_firs", Connector: "firs", Enabled: true},
			}
			test(w)
		})
	}
}

// Carriers implements corridor.Connections.
func (w *world) Carriers(_ context.Context, env domain.EnvironmentID) ([]corridor.Carrier, error) {
	if env != ours {
		return nil, nil
	}
	return w.carriers, nil
}

// service is that of one node.
func (w *world) service() *corridor.Service {
	w.Helper()
	s, err := corridor.New(corridor.Config{Store: w.store, Applier: w.applier, Connections: w})
	w.must(err)
	return s
}

// put makes or changes a corridor of ours.
func (w *world) put(s *corridor.Service, operator, country string, p corridor.Patch) domain.Corridor {
	w.Helper()
	c, _, err := s.Put(w.Context(), ours, operator, country, p, person)
	w.must(err)
	return c
}

// make makes a store of ours.
func (w *world) make(s *corridor.Service, slug string) {
	w.Helper()
	_, draft, err := s.CreateStore(w.Context(), ours, corridor.StorePatch{Slug: &slug}, person)
	w.must(err)
	w.must(w.applier.Apply(w.Context(), domain.Change{Parts: draft.Parts}))
}

// audited are the entries of ours in their order, as action, subject and detail.
func (w *world) audited() (out []string) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT environment_id, actor, action, subject, detail FROM audit ORDER BY id`)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		var env, actor, action, subject, detail string
		w.must(rows.Scan(&env, &actor, &action, &subject, &detail))
		if env != string(ours) || actor != person {
			w.Errorf("%s of %s by %s", action, env, actor)
		}
		out = append(out, strings.TrimSpace(action+" "+subject+" "+detail))
	}
	w.must(rows.Err())
	return out
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// faults are those of a refusal, as code@pointer.
func faults(t *testing.T, err error) string {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != domain.KindInvalid {
		t.Errorf("not refused for faults: %v", err)
		return ""
	}
	var out []string
	for _, f := range e.Fields {
		if f.Detail == "" || f.Fix == "" {
			t.Errorf("%+v says too little", f)
		}
		out = append(out, f.Code+"@"+f.Pointer)
	}
	return strings.Join(out, " ")
}

func ptr[T any](v T) *T { return &v }
