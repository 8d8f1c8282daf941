package corridor_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
)

func TestAStoreIsMadeRenamedAndDisabledButNeverRemoved(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		w.make(s, "cocody")
		want := domain.MerchantStore{Environment: ours, Slug: "cocody", Name: "cocody", Active: true, CreatedAt: w.clock.Now()}
		if m, err := s.Store(w.Context(), ours, "cocody"); err != nil || m != want {
			w.Errorf("%+v, %v", m, err)
		}
		w.clock.Add(time.Minute)
		want.Name = "Marché de Cocody"
		if m, err := s.UpdateStore(w.Context(), ours, "cocody", corridor.StorePatch{Name: &want.Name}, person); err != nil || m != want {
			w.Errorf("%+v, %v", m, err)
		}
		if m, err := s.Store(w.Context(), ours, "cocody"); err != nil || m != want {
			w.Errorf("still %+v, %v", m, err)
		}
		if m, err := s.DisableStore(w.Context(), ours, "cocody", person); err != nil || m.Active {
			w.Errorf("%+v, %v", m, err)
		}
		if _, err := s.Store(w.Context(), ours, "cocody"); !errors.Is(err, corridor.ErrStoreNotFound) {
			w.Errorf("a disabled store takes payments: %v", err)
		}
		if m, err := s.ShownStore(w.Context(), ours, "cocody"); err != nil || m.Name != want.Name {
			w.Errorf("gone: %+v, %v", m, err)
		}
		if _, err := s.UpdateStore(w.Context(), ours, "cocody", corridor.StorePatch{Active: ptr(true)}, person); err != nil {
			w.Error(err)
		}
		if m, err := s.Store(w.Context(), ours, "cocody"); err != nil || m != want {
			w.Errorf("made active again: %+v, %v", m, err)
		}
		if _, err := s.DisableStore(w.Context(), theirs, "cocody", person); !errors.Is(err, corridor.ErrStoreNotFound) {
			w.Errorf("another environment disabled ours: %v", err)
		}
		if got := w.audited(); !slices.Equal(got, []string{"store.create cocody name, active", "store.change cocody name", "store.disable cocody active", "store.change cocody active"}) {
			w.Errorf("audited %q", got)
		}
	})
}

func TestEachFaultOfAStoreIsNamedAtOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		w.make(s, "cocody")
		for _, c := range []struct {
			patch corridor.StorePatch
			want  string
		}{
			{corridor.StorePatch{}, "required@/slug"},
			{corridor.StorePatch{Slug: ptr("Cocody Market"), Name: ptr("")}, "min_length@/name pattern@/slug"},
			{corridor.StorePatch{Slug: ptr(strings.Repeat("a", 81)), Name: ptr(strings.Repeat("é", 101))}, "max_length@/name max_length@/slug"},
			{corridor.StorePatch{Slug: ptr("a--b"), Name: ptr("a\tb")}, "text@/name pattern@/slug"},
			{corridor.StorePatch{Slug: ptr("-a"), Name: ptr(" a")}, "blank@/name pattern@/slug"},
			{corridor.StorePatch{Slug: ptr("cocody")}, "taken@/slug"},
		} {
			_, _, err := s.CreateStore(w.Context(), ours, c.patch, person)
			if got := faults(w.T, err); got != c.want {
				w.Errorf("%s, want %s", got, c.want)
			}
		}
		for _, slug := range []string{"a", strings.Repeat("a", 80), "0-shop-1"} {
			w.make(s, slug)
		}
		if _, err := s.UpdateStore(w.Context(), ours, "cocody", corridor.StorePatch{Name: ptr("")}, person); faults(w.T, err) != "min_length@/name" {
			w.Errorf("renamed to nothing: %v", err)
		}
	})
}

// Whoever finds a slug free and is overtaken is told that it is taken.
func TestTwinsMakeOneStore(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		var made atomic.Int64
		var group sync.WaitGroup
		drafts := make([]domain.Draft, 32) // each finds it free
		for i := range drafts {
			var err error
			_, drafts[i], err = s.CreateStore(w.Context(), ours, corridor.StorePatch{Slug: ptr("cocody")}, person)
			w.must(err)
		}
		for _, draft := range drafts {
			group.Go(func() {
				err := w.applier.Apply(w.Context(), domain.Change{Parts: draft.Parts})
				if err == nil {
					made.Add(1)
				} else if got := faults(w.T, draft.Explain(w.Context(), err)); got != "taken@/slug" {
					w.Error(got)
				}
			})
		}
		group.Wait()
		if made.Load() != 1 {
			w.Errorf("made %d times", made.Load())
		}
	})
}

func TestStoresAreListedByPages(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		for _, slug := range []string{"c", "a", "b"} {
			w.make(s, slug)
		}
		for after, want := range map[string]string{"": "a b", "a": "b c", "c": ""} {
			list, err := s.Stores(w.Context(), ours, after, 2)
			var slugs []string
			for _, m := range list {
				slugs = append(slugs, m.Slug)
			}
			if got := strings.Join(slugs, " "); err != nil || got != want {
				w.Errorf("after %q: %s, %v", after, got, err)
			}
		}
		if list, err := s.Stores(w.Context(), theirs, "", 2); err != nil || len(list) != 0 {
			w.Errorf("another environment lists %v, %v", list, err)
		}
	})
}
