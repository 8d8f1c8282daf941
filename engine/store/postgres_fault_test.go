package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/afara-dev/afara/engine/internal/testserver"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// A connection that dies during COMMIT: whoever is in it learns that nobody
// knows, and is never run again, whether the server had committed or not.
func TestPostgresCutDuringCommit(t *testing.T) {
	t.Parallel()
	for name, committed := range map[string]bool{"the server committed": true, "the server heard nothing": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			database := testserver.Postgres(t)
			c, address := testserver.Cut(t, database, committed)
			s := storetest.Postgres(t, storetest.Tables, func(cfg *store.Config) { cfg.URL = address })
			add := `INSERT INTO probe (id, n) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET n = probe.n + 1`

			c.Cuts(2) // one for each writer
			errs := together(func(i int) error {
				return s.Write(t.Context(), []store.Statement{{SQL: add, Args: []any{fmt.Sprintf("w%02d", i)}, Rows: 1}})
			})
			unknown := 0
			for i, err := range errs {
				want := 1
				if err != nil && !errors.Is(err, store.ErrUnknown) {
					t.Errorf("caller %d: %v", i, err)
				}
				if errors.Is(err, store.ErrUnknown) {
					if unknown++; !committed {
						want = 0
					}
				}
				if got := total(t, s, fmt.Sprintf("w%02d", i)); got != want {
					t.Errorf("caller %d got %v and is stored %d times, want %d", i, err, got, want)
				}
			}
			if unknown == 0 {
				t.Error("no COMMIT was cut")
			}

			c.Cuts(1)
			runs := 0
			err := s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
				runs++
				_, err := tx.Exec(ctx, add, "update")
				return err
			})
			if !errors.Is(err, store.ErrUnknown) || runs != 1 {
				t.Errorf("update: %v after %d runs", err, runs)
			}
			if err := s.Write(t.Context(), row("after", 10)); err != nil {
				t.Errorf("on the next connection: %v", err)
			}
		})
	}
}

// total is how often id was stored.
func total(t *testing.T, s *store.Store, id string) (n int) {
	t.Helper()
	rows, err := s.Reader().Query(t.Context(), `SELECT n FROM probe WHERE id = $1`, id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return n
}

// Connections that the server closed while they were idle cost nobody a write.
func TestPostgresConnectionsKilledWhileIdle(t *testing.T) {
	t.Parallel()
	database := testserver.Postgres(t)
	s := storetest.Postgres(t, storetest.Tables, func(cfg *store.Config) { cfg.URL = database })
	admin, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	for round := range 5 {
		_, err := admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND pid <> pg_backend_pid()`)
		if err != nil {
			t.Fatal(err)
		}
		errs := together(func(i int) error {
			id := fmt.Sprintf("r%d_%02d", round, i)
			if i%4 > 0 {
				return s.Write(t.Context(), row(id, 10))
			}
			return s.Update(t.Context(), func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO probe (id) VALUES ($1)`, id)
				return err
			})
		})
		for i, err := range errs {
			if err != nil {
				t.Errorf("round %d, caller %d: %v", round, i, err)
			}
		}
	}
}

// A server that is killed and comes back: no caller is told a lie, none hangs,
// and the store goes on by itself.
func TestPostgresServerKilledAndBack(t *testing.T) {
	t.Parallel()
	server := testserver.PostgresServer(t)
	database := server.URL("postgres")
	s := storetest.Postgres(t, storetest.Tables, func(cfg *store.Config) { cfg.URL = database })
	type outcome struct {
		id  string
		err error
	}
	outcomes := make(chan []outcome, callers)
	stop := make(chan struct{})
	var begun atomic.Int64
	for i := range callers {
		go func() {
			var mine []outcome
			for n := 0; ; n++ {
				select {
				case <-stop:
					outcomes <- mine
					return
				default:
				}
				id := fmt.Sprintf("c%02d_%06d", i, n)
				err := s.Write(t.Context(), row(id, 100))
				mine = append(mine, outcome{id, err})
				begun.Add(1)
				if err != nil { // do not spin on a server that is away
					select {
					case <-stop:
					case <-time.After(5 * time.Millisecond):
					}
				}
			}
		}()
	}
	reach := func(n int64) {
		storetest.Await(t, "writes", func() bool { return begun.Load() >= n })
	}
	reach(200)
	server.Kill()
	if err := s.Write(t.Context(), row("away", 10)); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("with the server away: %v", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("ping with the server away: %v", err)
	}
	server.Restart(t)
	reach(begun.Load() + 200)
	close(stop)
	for range callers {
		for _, o := range <-outcomes {
			n := stored(t, s, o.id)
			if o.err == nil && n != 1 || errors.Is(o.err, store.ErrUnavailable) && n != 0 {
				t.Errorf("%s: %v with %d rows stored", o.id, o.err, n)
			}
			if o.err != nil && !errors.Is(o.err, store.ErrUnavailable) && !errors.Is(o.err, store.ErrUnknown) {
				t.Errorf("%s: %v", o.id, o.err)
			}
		}
	}
}

func TestPostgresURLErrorsKeepThePassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://u:hunter2@127.0.0.1:1/x?sslmode=nonsense",
		"postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1",
	} {
		_, err := store.Open(t.Context(), store.Config{URL: url})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
}
