package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// wish is a part that its expander turns into work.
type wish struct{}

func (wish) PartOf() domain.PartKind { return "test_wish" }

// Only an expander can know what else to do when the connection that it drew up
// work for is deleted before the commit; who brings work himself is told.
func TestAnExpanderIsAskedAgainWhenItsConnectionIsDeleted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		gate := store.Statement{SQL: `INSERT INTO gate (key, closed_until, closed_at, reason, detail) VALUES ('con_gone', 0, 0, $1, '')`, Args: []any{store.ReasonDeleted}, Rows: 1}
		if err := s.Write(t.Context(), []store.Statement{gate}); err != nil {
			t.Fatal(err)
		}
		job := domain.Work{ID: "msg_1", Kind: domain.WorkMessage, Stream: "s", Environment: "env_a", Connection: "con_gone", Gate: "con_gone", Stage: "send", DueAt: s.Now()}
		a, asked := store.NewApplier(s), []bool{}
		a.Expand("test_wish", func(_ context.Context, _ domain.Part, again bool) ([]domain.Part, error) {
			if asked = append(asked, again); again {
				return nil, nil
			}
			return []domain.Part{job}, nil
		})
		if err := a.Apply(t.Context(), domain.Change{Parts: []domain.Part{wish{}}}); err != nil || len(asked) != 2 || asked[0] || !asked[1] {
			t.Errorf("asked %v: %v", asked, err)
		}
		if err := a.Apply(t.Context(), domain.Change{Parts: []domain.Part{job}}); !errors.Is(err, store.ErrDeleted) {
			t.Errorf("work of one's own: %v", err)
		}
	})
}
