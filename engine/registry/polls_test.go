package registry_test

import (
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
)

func TestAConnectionSaysHowOftenItIsRead(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		id := w.connection(s, "a")
		every := func(want time.Duration) {
			w.Helper()
			c, err := s.Connection(w.Context(), "env_a", id)
			if err != nil || c.PollEvery != want {
				w.Errorf("read every %s, want %s: %v", c.PollEvery, want, err)
			}
		}
		every(time.Minute)
		for _, bad := range []string{"-1", "1", "4", "86401"} {
			if _, err := w.update(s, id, `{"pollEverySeconds":`+bad+`}`); faults(err) != "invalid_body range@/pollEverySeconds" {
				w.Errorf("%s: refused with %s", bad, faults(err))
			}
		}
		for good, want := range map[string]time.Duration{"5": 5 * time.Second, "86400": 24 * time.Hour, "0": 0} {
			_, err := w.update(s, id, `{"pollEverySeconds":`+good+`}`)
			w.must(err)
			every(want)
		}
		_, err := w.update(s, id, `{"pollEverySeconds":30}`)
		w.must(err)
		if _, err = w.update(s, id, `{"enabled":true}`); err != nil {
			w.Error(err)
		}
		every(30 * time.Second) // what nobody names stays
		// The command line too leaves alone what it does not name.
		_, err = w.put(s, "a")
		w.must(err)
		every(30 * time.Second)
		half := 7500 * time.Millisecond
		if _, err = w.put(s, "a", func(n *registry.NewConnection) { n.PollEvery = &half }); faults(err) != "invalid_body range@/pollEverySeconds" {
			w.Errorf("refused with %s", faults(err))
		}
		_, versions, err := s.Versions(w.Context(), "env_a", id)
		if err != nil || len(versions) < 2 || versions[2].Note != "changed pollEverySeconds" {
			w.Errorf("%+v, %v", versions, err)
		}
	})
}

// What others keep of a connection goes in the transaction that deletes it, or stays
// with it.
func TestADeletionTakesAlongWhatOthersKeep(t *testing.T) {
	onBoth(t, func(w *world) {
		var gone []domain.ConnectionID
		s := w.service(func(c *registry.Config) {
			c.Gone = append(c.Gone, func(id domain.ConnectionID, at time.Time) domain.Part {
				gone = append(gone, id)
				return domain.AuditEntry{Environment: "env_a", Action: "gone", Subject: string(id), At: at}
			})
		})
		id := w.connection(s, "a")
		if err := s.Delete(w.Context(), "env_a", id, "key_1"); err == nil {
			w.Fatal("deleted while it is enabled")
		}
		if n := w.entries("gone"); n != 0 {
			w.Errorf("%d entries of a deletion that was refused", n)
		}
		_, err := s.SetEnabled(w.Context(), "env_a", id, false, "key_1")
		w.must(err)
		w.clock.Add(time.Minute)
		w.must(s.Delete(w.Context(), "env_a", id, "key_1"))
		if n := w.entries("gone"); n != 1 || len(gone) == 0 || gone[0] != id {
			w.Errorf("%d entries of %v", n, gone)
		}
	})
}

// entries counts those of the audit.
func (w *world) entries(action string) (n int) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT id FROM audit WHERE action = $1`, action)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		n++
	}
	w.must(rows.Err())
	return n
}
