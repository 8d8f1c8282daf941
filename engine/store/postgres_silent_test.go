package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// TestANodeThatStandsStillInATransactionKeepsNobodyOut: a node was stopped
// between its statements and COMMIT, and the node that was to take its work over
// waited for its rows until the first went on.
func TestANodeThatStandsStillInATransactionKeepsNobodyOut(t *testing.T) {
	t.Parallel()
	url := testserver.Postgres(t)
	open := func(timeout time.Duration) *store.Store {
		s, err := store.Open(t.Context(), store.Config{URL: url, Migrations: storetest.Migrations(), CommitTimeout: timeout})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	still, other := open(time.Second), open(time.Minute)
	set := func(n int64) store.Statement {
		return store.Statement{SQL: `UPDATE probe SET n = $1 WHERE id = 'row'`, Args: []any{n}, Rows: 1}
	}
	if err := other.Write(t.Context(), []store.Statement{{SQL: `INSERT INTO probe (id) VALUES ('row')`, Rows: 1}}); err != nil {
		t.Fatal(err)
	}
	inside, on, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- still.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
			s := set(1)
			_, err := tx.Exec(ctx, s.SQL, s.Args...)
			close(inside)
			<-on
			return err
		})
	}()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := other.Write(ctx, []store.Statement{set(2)}); err != nil {
		t.Errorf("the other node: %v", err)
	}
	close(on)
	if err := <-ended; err == nil {
		t.Error("the node that stood still believes that its transaction was stored")
	}
}
