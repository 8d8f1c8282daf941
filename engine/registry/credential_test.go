package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/engine/store"
)

// Calls of one version come home together, on several nodes, each with a new
// token: the vendor may know the others no more, so one must win everywhere.
func TestOneOfManyCredentialsIsSavedSealedAndSharedByAllNodes(t *testing.T) {
	onBoth(t, func(w *world) {
		nodes := []*registry.Service{w.service(), w.service(), w.service()}
		id := w.connection(nodes[0], "a")
		other := w.connection(nodes[0], "b")
		elsewhere := w.service()
		if ref, err := elsewhere.Ref(w.Context(), id); err != nil || ref.Version != 1 {
			w.Fatalf("version %d, %v", ref.Version, err)
		}

		won := w.race(nodes, id, 1)
		settings, credential, version, err := elsewhere.Secrets(w.Context(), id)
		if err != nil || string(credential) != won || string(settings) != `{"token":"secret"}` || version != 2 {
			w.Errorf("settings %s and credential %s of version %d, %v; %s won", settings, credential, version, err, won)
		}
		w.clock.Add(2 * time.Second) // older than any cache
		if ref, err := elsewhere.Ref(w.Context(), id); err != nil || ref.Version != 2 {
			w.Errorf("another node calls with version %d, %v", ref.Version, err)
		}
		if _, credential, version, err := elsewhere.Secrets(w.Context(), other); err != nil || len(credential) > 0 || version != 1 {
			w.Errorf("another connection has credential %q of version %d, %v", credential, version, err)
		}
		if sealed := w.sealedCredential(id); sealed == "" || strings.Contains(sealed, "canary") {
			w.Errorf("it is stored as %q", sealed)
		}
	})
}

// Settings that were changed meanwhile are another version too: a token that
// the old ones were given for must not outlive them.
func TestACredentialOfOldSettingsIsDropped(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		id := w.connection(s, "a")
		w.connection(s, "a")
		if err := s.SaveCredential(w.Context(), id, 1, []byte(`{"token":"late"}`)); !errors.Is(err, store.ErrConflict) {
			w.Errorf("saved: %v", err)
		}
		won := w.race([]*registry.Service{s}, id, 2)
		again := w.race([]*registry.Service{s}, id, 3)
		if _, credential, version, err := s.Secrets(w.Context(), id); err != nil || string(credential) != again || version != 4 {
			w.Errorf("credential %s of version %d, %v; %s won after %s", credential, version, err, again, won)
		}
	})
}

// race saves 32 credentials based on one version and gives the one that won.
func (w *world) race(nodes []*registry.Service, id domain.ConnectionID, basedOn int64) (won string) {
	w.Helper()
	outcomes := make([]error, 32)
	credential := func(i int) string { return fmt.Sprintf(`{"token":"canary-%d-%d"}`, basedOn, i) }
	start := make(chan struct{})
	var group sync.WaitGroup
	for i := range outcomes {
		group.Go(func() {
			<-start
			outcomes[i] = nodes[i%len(nodes)].SaveCredential(w.Context(), id, basedOn, []byte(credential(i)))
		})
	}
	close(start)
	group.Wait()
	for i, err := range outcomes {
		switch {
		case err == nil && won == "":
			won = credential(i)
		case err == nil:
			w.Errorf("%s won after %s", credential(i), won)
		case !errors.Is(err, store.ErrConflict):
			w.Errorf("%s lost by %v", credential(i), err)
		}
	}
	if won == "" {
		w.Fatal("nobody won")
	}
	return won
}

// sealedCredential is what the row holds.
func (w *world) sealedCredential(id domain.ConnectionID) (sealed string) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), `SELECT credential FROM connection WHERE id = $1`, id)
	w.must(err)
	defer rows.Close()
	for rows.Next() {
		w.must(rows.Scan(&sealed))
	}
	w.must(rows.Err())
	return sealed
}
