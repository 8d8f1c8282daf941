package store_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
)

// nextBuild is this build's migrations with one more.
func nextBuild(t *testing.T) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	names, err := fs.Glob(os.DirFS("migrations"), "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile("migrations/" + name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = &fstest.MapFile{Data: text}
	}
	out[fmt.Sprintf("%04d_later.sql", len(names)+1)] = &fstest.MapFile{Data: []byte("CREATE TABLE later (x BIGINT);")}
	return out
}

func opened(t *testing.T, cfg store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// serving opens a database as a node does, and says that the node lives.
func serving(t *testing.T, url string) (s *store.Store, id domain.NodeID) {
	t.Helper()
	s, id = opened(t, store.Config{URL: url}), domain.NewID[domain.NodeID](domain.PrefixNode)
	if err := s.Heartbeat(t.Context(), &store.Node{ID: id, StartedAt: s.Now()}); err != nil {
		t.Fatal(err)
	}
	return s, id
}

func TestAdministratorsWorkBesideANode(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		node, _ := serving(t, url)
		first, second := opened(t, store.Config{URL: url, Admin: true}), opened(t, store.Config{URL: url, Admin: true})
		for i, s := range []*store.Store{first, node, second} {
			if err := s.CloseGate(t.Context(), store.Gate{Key: fmt.Sprint(i), ClosedUntil: time.Now().Add(time.Hour), Reason: "paused"}); err != nil {
				t.Fatalf("writer %d: %v", i, err)
			}
		}
		if gates, err := node.Gates(t.Context()); err != nil || len(gates) != 3 {
			t.Errorf("the node sees %d gates, %v", len(gates), err)
		}
	})
}

func TestAdministratorsMigrateOnlyWhatNobodyServes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		node, id := serving(t, url)
		at, err := node.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		newer := store.Config{URL: url, Admin: true, Migrations: nextBuild(t)}
		if _, err := store.Open(t.Context(), newer); !errors.Is(err, store.ErrServed) {
			t.Fatalf("beside a node: %v, want ErrServed", err)
		}
		if v, err := node.Version(t.Context()); err != nil || v != at {
			t.Fatalf("the refused administrator left version %d, %v", v, err)
		}
		if err := errors.Join(node.Leave(t.Context(), id), node.Close()); err != nil {
			t.Fatal(err)
		}
		if v, err := opened(t, newer).Version(t.Context()); err != nil || v != at+1 {
			t.Errorf("after the node left: version %d, %v", v, err)
		}
	})
}

func TestANodeStartsWhileAnAdministratorWorks(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		if err := opened(t, store.Config{URL: url}).Close(); err != nil {
			t.Fatal(err)
		}
		opened(t, store.Config{URL: url, Admin: true})
		serving(t, url)
	})
}

func TestAReaderThatMustNotMigrateSaysSo(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, url string) {
		node := opened(t, store.Config{URL: url})
		at, err := node.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := node.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Open(t.Context(), store.Config{URL: url, Admin: true, NoMigrate: true, Migrations: nextBuild(t)}); !errors.Is(err, store.ErrOlder) {
			t.Errorf("an older database: %v, want ErrOlder", err)
		}
		if v, err := opened(t, store.Config{URL: url, Admin: true, NoMigrate: true}).Version(t.Context()); err != nil || v != at {
			t.Errorf("version %d, %v: want %d, unchanged", v, err, at)
		}
	})
}
