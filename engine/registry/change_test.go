package registry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
)

const nested = `{"type":"object","additionalProperties":false,"properties":{"url":{"type":"string"},
"auth":{"type":"object","properties":{"token":{"type":"string","minLength":3,"x-afara-secret":true},"user":{"type":"string"}}}}}`

func (w *world) update(s *registry.Service, id domain.ConnectionID, body string) (registry.Connection, error) {
	w.Helper()
	var p registry.Patch
	w.must(json.Unmarshal([]byte(body), &p))
	return s.Update(w.Context(), "env_a", id, p, "key_1")
}

func (w *world) settings(s *registry.Service, id domain.ConnectionID) string {
	w.Helper()
	settings, _, _, err := s.Secrets(w.Context(), id)
	w.must(err)
	return string(settings)
}

// faults are the codes and places of a refusal.
func faults(err error) string {
	var e *domain.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	var out []string
	for _, f := range e.Fields {
		out = append(out, f.Code+"@"+f.Pointer)
	}
	return e.Code + " " + strings.Join(out, " ")
}

func TestAMaskKeepsTheSecretThatIsStoredThere(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service(func(c *registry.Config) { c.Manifests = asking(nested) })
		c, err := w.put(s, "a", func(n *registry.NewConnection) {
			n.Settings = json.RawMessage(`{"url":"one","auth":{"token":"hunter2","user":"ada"}}`)
		})
		w.must(err)
		shown := string(c.Settings)
		changed, err := w.update(s, c.ID, `{"settings":`+strings.Replace(shown, `"one"`, `"two"`, 1)+`}`)
		w.must(err)
		if got := w.settings(s, c.ID); got != `{"auth":{"token":"hunter2","user":"ada"},"url":"two"}` || changed.Version != 2 {
			w.Errorf("version %d has settings %s", changed.Version, got)
		}
		_, err = w.update(s, c.ID, `{"settings":{"auth":{"token":"new-secret"}}}`)
		w.must(err)
		if got := w.settings(s, c.ID); got != `{"auth":{"token":"new-secret"}}` {
			w.Errorf("settings %s", got)
		}
		_, err = w.update(s, c.ID, `{"settings":{"url":"three"}}`)
		w.must(err)
		_, err = w.update(s, c.ID, `{"settings":{"auth":{"token":"`+schemas.SecretMask+`"},"ur":1}}`)
		if got := faults(err); got != "invalid_body secret_masked@/settings/auth/token unknown_field@/settings/ur" {
			w.Errorf("refused with %s", got)
		}
		if got := w.settings(s, c.ID); got != `{"url":"three"}` {
			w.Errorf("a refused change left %s", got)
		}
	})
}

func TestAKeptSecretGoesToNoOtherHost(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service(func(c *registry.Config) { c.Manifests = asking(nested) })
		c, err := w.put(s, "a", func(n *registry.NewConnection) {
			n.Settings = json.RawMessage(`{"url":"https://vendor.example/v1","auth":{"token":"hunter2"}}`)
		})
		w.must(err)
		with := func(url, token string) string {
			return `{"settings":{"url":"` + url + `","auth":{"token":"` + token + `"}}}`
		}
		for _, url := range []string{"https://thief.example/v1", "http://vendor.example/v1", "https://vendor.example:8443/v1"} {
			_, err = w.update(s, c.ID, with(url, schemas.SecretMask))
			if got := faults(err); got != "invalid_body secret_masked@/settings/url" {
				w.Errorf("%s: refused with %s", url, got)
			}
		}
		_, err = w.update(s, c.ID, with("https://vendor.example/v2", schemas.SecretMask))
		w.must(err) // another path of the same host
		_, err = w.update(s, c.ID, with("https://other.example/", "another"))
		w.must(err)
		if got := w.settings(s, c.ID); got != `{"url":"https://other.example/","auth":{"token":"another"}}` {
			w.Errorf("settings %s", got)
		}
	})
}

func TestFaultsOfAConnectionAreNamedTogether(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		id := w.connection(s, "a")
		w.connection(s, "b")
		form := domain.Form{Faults: []domain.FieldError{{Pointer: "/enabled", Code: "type"}}}
		name, capabilities := "b", []string{"invoice", "payments", "invoice"}
		_, err := s.Update(w.Context(), "env_a", id, registry.Patch{Name: &name, Capabilities: &capabilities, Settings: json.RawMessage(`{"token":7}`), Form: form}, "key_1")
		if got := faults(err); got != "invalid_body capability_unknown@/capabilities/1 unique@/capabilities/2 type@/enabled taken@/name type@/settings/token" {
			w.Errorf("refused with %s", got)
		}
		other := "none"
		_, _, err = s.Create(w.Context(), domain.Environment{ID: "env_a", Kind: domain.Sandbox}, registry.Patch{Connector: &other, Settings: json.RawMessage(`{}`), Name: ptr("_x")}, "key_1")
		if got := faults(err); got != "invalid_body connector_unknown@/connector pattern@/name" {
			w.Errorf("refused with %s", got)
		}
		if _, err = w.update(s, id, `{"connector":"other"}`); !errors.Is(err, registry.ErrConnectorFixed) {
			w.Errorf("changed its connector: %v", err)
		}
	})
}

func ptr[T any](v T) *T { return &v }

func TestEachChangeIsAVersionThatCanBeGoneBackTo(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		id := w.connection(s, "a") // version 1
		_, err := w.update(s, id, `{"settings":{"token":"second"},"name":"renamed"}`)
		w.must(err)
		_, err = s.SetEnabled(w.Context(), "env_a", id, false, "key_1")
		w.must(err)
		back, err := s.Rollback(w.Context(), "env_a", id, 1, "key_2")
		w.must(err)
		if back.Version != 4 || back.Enabled || back.Name != "renamed" || back.Paused == nil || w.settings(s, id) != `{"token":"secret"}` {
			w.Errorf("%+v with %s", back, w.settings(s, id))
		}
		_, versions, err := s.Versions(w.Context(), "env_a", id)
		w.must(err)
		var got []string
		for _, v := range versions {
			got = append(got, fmt.Sprintf("%d %s %s %s", v.Number, v.Actor, v.Note, v.Settings))
		}
		mask := ` {"token":"` + schemas.SecretMask + `"}`
		want := []string{
			"4 key_2 rolled back to version 1" + mask, "3 key_1 disabled" + mask,
			"2 key_1 changed name, settings" + mask, "1 operator created" + mask,
		}
		if !slices.Equal(got, want) {
			w.Errorf("%q", got)
		}
		if n := w.count(`SELECT COUNT(*) FROM connection_version WHERE settings LIKE '%second%' OR settings LIKE '%secret%'`); n != 0 {
			w.Errorf("%d versions hold a secret in clear", n)
		}
		if _, err := s.Rollback(w.Context(), "env_a", id, 9, "key_1"); !errors.Is(err, registry.ErrNoVersion) {
			w.Errorf("went back to nothing: %v", err)
		}
		if _, err := s.Rollback(w.Context(), "env_b", id, 1, "key_1"); !errors.Is(err, registry.ErrConnectionNotFound) {
			w.Errorf("another environment went back: %v", err)
		}
		stricter := w.service(func(c *registry.Config) {
			c.Manifests = asking(`{"type":"object","required":["url"],"properties":{"token":{"type":"string","minLength":20,"x-afara-secret":true}}}`)
		})
		if _, err := stricter.Rollback(w.Context(), "env_a", id, 1, "key_1"); faults(err) != "settings_invalid min_length@/settings/token required@/settings/url" {
			w.Errorf("went back to what does not fit: %s", faults(err))
		}
	})
}

func TestOnlyTheLastFiftyVersionsAreKept(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		id := w.connection(s, "a")
		for i := range 53 {
			_, err := w.update(s, id, fmt.Sprintf(`{"settings":{"token":"t%d"}}`, i))
			w.must(err)
		}
		_, versions, err := s.Versions(w.Context(), "env_a", id)
		if err != nil || len(versions) != 50 || versions[0].Number != 54 || versions[49].Number != 5 {
			w.Errorf("%d versions, %v", len(versions), err)
		}
	})
}

// A caller who has seen the version that others have changed since is refused;
// a credential that was renewed meanwhile is no change of a person's.
func TestAChangeOfWhatWasSeenBeforeIsRefused(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		id := w.connection(s, "a")
		w.must(s.SaveCredential(w.Context(), id, 1, []byte(`{"token":"t"}`))) // version 2
		c, err := w.update(s, id, `{"version":1,"name":"renamed"}`)
		if err != nil || c.Version != 3 {
			w.Fatalf("version %d, %v", c.Version, err)
		}
		for _, seen := range []int{1, 2, 4} {
			_, err = w.update(s, id, fmt.Sprintf(`{"version":%d,"name":"again"}`, seen))
			var e *domain.Error
			if !errors.Is(err, registry.ErrChanged) || !errors.As(err, &e) || e.Extra["version"] != int64(3) {
				w.Errorf("version %d: %v", seen, err)
			}
		}
		if _, err = w.update(s, id, `{"version":3,"name":"again"}`); err != nil {
			w.Error(err)
		}
	})
}

func TestManyChangesAtOnceLeaveNoGap(t *testing.T) {
	onBoth(t, func(w *world) {
		nodes := []*registry.Service{w.service(), w.service(), w.service()}
		id := w.connection(nodes[0], "a")
		var group sync.WaitGroup
		got := make([]int64, 32)
		for i := range got {
			group.Go(func() {
				c, err := w.update(nodes[i%len(nodes)], id, fmt.Sprintf(`{"settings":{"token":"t%d"}}`, i))
				if err != nil && !errors.Is(err, registry.ErrChanged) {
					w.Error(err)
				}
				got[i] = c.Version
			})
		}
		group.Wait()
		done := slices.DeleteFunc(got, func(v int64) bool { return v == 0 })
		slices.Sort(done)
		for i, v := range done {
			if v != int64(i)+2 {
				w.Fatalf("versions %v", done)
			}
		}
		_, versions, err := nodes[0].Versions(w.Context(), "env_a", id)
		if err != nil || len(versions) != len(done)+1 || len(done) == 0 {
			w.Errorf("%d versions of %d changes, %v", len(versions), len(done), err)
		}
	})
}

func TestAConnectionIsDeletedOnlyWhenNothingNeedsIt(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		id := w.connection(s, "a")
		applier := store.NewApplier(w.store)
		job := domain.Work{
			ID: "msg_1", Kind: domain.WorkMessage, Stream: "connector.one.sandbox", Environment: "env_a", Connection: id, Gate: string(id), Stage: "sign", DueAt: w.clock.Now(), FlowVersion: 1,
		}
		remove := func(want error) {
			w.Helper()
			if err := s.Delete(w.Context(), "env_a", id, "key_1"); !errors.Is(err, want) {
				w.Errorf("deleted with %v, want %v", err, want)
			}
		}
		remove(registry.ErrEnabled)
		w.must(applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{job}}))
		_, err := s.SetEnabled(w.Context(), "env_a", id, false, "key_1")
		w.must(err)
		w.clock.Add(time.Minute)
		remove(registry.ErrInUse)
		_, err = s.SetEnabled(w.Context(), "env_a", id, true, "key_1")
		w.must(err)
		_, err = s.SetEnabled(w.Context(), "env_a", id, false, "key_1")
		w.must(err)
		w.must(w.store.Write(w.Context(), []store.Statement{{SQL: `DELETE FROM work`, Rows: 1}}))
		w.clock.Add(9 * time.Second)
		remove(registry.ErrEnabled)
		if _, err := s.SetEnabled(w.Context(), "env_a", id, false, "key_1"); err != nil { // it is already: the clock runs on
			w.Error(err)
		}
		w.clock.Add(time.Second)
		if err := s.Delete(w.Context(), "env_b", id, "key_1"); !errors.Is(err, registry.ErrConnectionNotFound) {
			w.Errorf("another environment deleted it: %v", err)
		}
		remove(nil)
		remove(registry.ErrConnectionNotFound)
		if n := w.count(`SELECT (SELECT COUNT(*) FROM connection) + (SELECT COUNT(*) FROM connection_version) + (SELECT COUNT(*) FROM capability)`); n != 0 {
			w.Errorf("%d rows are left", n)
		}
		// Whoever drafted it before the deletion stores nothing after it.
		if err := applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{job}}); !errors.Is(err, store.ErrDeleted) {
			w.Errorf("work without its connection: %v", err)
		}
	})
}

// Work that is stored while its connection is deleted has its connection, or is
// not stored.
func TestADeletionLeavesNoWorkWithoutItsConnection(t *testing.T) {
	onBoth(t, func(w *world) {
		s, applier := w.service(), store.NewApplier(w.store)
		for round := range 8 {
			id := w.connection(s, fmt.Sprint("c", round))
			_, err := s.SetEnabled(w.Context(), "env_a", id, false, "key_1")
			w.must(err)
			w.clock.Add(time.Minute)
			var group sync.WaitGroup
			start := make(chan struct{})
			for i := range 16 {
				group.Go(func() {
					<-start
					err := applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{domain.Work{
						ID: domain.WorkID(fmt.Sprintf("msg_%d_%d", round, i)), Kind: domain.WorkMessage, Stream: "connector.one.sandbox", Environment: "env_a",
						Connection: id, Gate: string(id), Stage: "sign", DueAt: w.clock.Now(), FlowVersion: 1,
					}}})
					if err != nil && !errors.Is(err, store.ErrDeleted) {
						w.Error(err)
					}
				})
			}
			group.Go(func() {
				<-start
				if err := s.Delete(w.Context(), "env_a", id, "key_1"); err != nil && !errors.Is(err, registry.ErrInUse) {
					w.Error(err)
				}
			})
			close(start)
			group.Wait()
		}
		if n := w.count(`SELECT COUNT(*) FROM work WHERE connection_id NOT IN (SELECT id FROM connection)`); n != 0 {
			w.Errorf("%d rows of work without their connection", n)
		}
	})
}

func TestWhatIsDoneToAConnectionIsInTheAudit(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		id := w.connection(s, "a")
		_, err := w.update(s, id, `{"settings":{"token":"hunter2"},"capabilities":[]}`)
		w.must(err)
		for _, on := range []bool{false, true, true, false} {
			_, err = s.SetEnabled(w.Context(), "env_a", id, on, "key_1")
			w.must(err)
		}
		_, err = s.Rollback(w.Context(), "env_a", id, 1, "key_1")
		w.must(err)
		w.clock.Add(time.Minute)
		w.must(s.Delete(w.Context(), "env_a", id, "key_1"))
		want := []string{
			"operator connection.create version 1: connector, name, settings, enabled", "key_1 connection.change version 2: settings, capabilities",
			"key_1 connection.disable version 3: disabled", "key_1 connection.enable version 4: enabled", "key_1 connection.disable version 5: disabled",
			"key_1 connection.rollback version 6: rolled back to version 1", "key_1 connection.delete one a",
		}
		rows, err := w.store.Reader().Query(w.Context(), `SELECT actor, action, detail FROM audit WHERE subject = $1 ORDER BY id`, id)
		w.must(err)
		defer rows.Close()
		var got []string
		for rows.Next() {
			var actor, action, detail string
			w.must(rows.Scan(&actor, &action, &detail))
			got = append(got, actor+" "+action+" "+detail)
		}
		if w.must(rows.Err()); !slices.Equal(got, want) {
			w.Errorf("%q", got)
		}
	})
}

func (w *world) count(sql string) (n int64) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), sql)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		w.must(rows.Scan(&n))
	}
	w.must(rows.Err())
	return n
}
