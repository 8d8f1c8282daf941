package registry_test

import (
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
)

// Settings are sealed for their connection's id: twins that make one name must
// end with one id that opens them.
func TestTwinsMakeOneConnectionThatCanBeRead(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		ids := make([]domain.ConnectionID, 32)
		var group sync.WaitGroup
		for i := range ids {
			group.Go(func() {
				c, err := w.put(s, "a")
				if err != nil {
					w.Error(err)
				}
				ids[i] = c.ID
			})
		}
		group.Wait()
		for _, id := range ids {
			if id != ids[0] {
				w.Fatalf("ids %v", ids)
			}
		}
		settings, _, version, err := s.Secrets(w.Context(), ids[0])
		if err != nil || string(settings) != `{"token":"secret"}` || version != 32 {
			w.Errorf("settings %s of version %d, %v", settings, version, err)
		}
		if c, err := s.For(w.Context(), "env_a", "invoice"); err != nil || c.ID != ids[0] {
			w.Errorf("the capability names %s, %v", c.ID, err)
		}
	})
}

func TestConnectionKeepsItsConnector(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		w.connection(s, "a")
		_, err := w.put(s, "a", func(n *registry.NewConnection) { n.Connector = "other" })
		if !errors.Is(err, registry.ErrConnectorFixed) {
			w.Errorf("changed its connector: %v", err)
		}
	})
}

func TestMessagesOfADisabledConnectionWait(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		id := w.connection(s, "a")
		if _, err := w.put(s, "a", func(n *registry.NewConnection) { n.Enabled = false }); err != nil {
			w.Fatal(err)
		}
		if got := w.paused(id); got != "disabled" {
			w.Errorf("paused for %q", got)
		}
		if _, err := s.For(w.Context(), "env_a", "invoice"); !errors.Is(err, registry.ErrNoConnection) {
			w.Errorf("a disabled connection takes new work: %v", err)
		}
		w.connection(s, "a")
		if got := w.paused(id); got != "" {
			w.Errorf("paused for %q after it was enabled", got)
		}
	})
}

// Two nodes share the database; a clock that is set back must not keep one of
// them on old settings.
func TestClockThatIsSetBackDoesNotFreezeAConnection(t *testing.T) {
	onBoth(t, func(w *world) {
		here, there := w.service(), w.service()
		id := w.connection(here, "a")
		if _, err := here.Ref(w.Context(), id); err != nil {
			w.Fatal(err)
		}
		w.clock.Add(-time.Hour)
		if _, err := w.put(there, "a", func(n *registry.NewConnection) { n.Settings = json.RawMessage(`{"token":"new"}`) }); err != nil {
			w.Fatal(err)
		}
		if ref, err := here.Ref(w.Context(), id); err != nil || ref.Version != 2 {
			w.Errorf("version %d, %v", ref.Version, err)
		}
	})
}
