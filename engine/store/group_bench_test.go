package store_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/engine/store/storetest"
)

// BenchmarkWrite stores a document of 3 KB and an outbox row of 1 KB in one
// transaction, as an accepted invoice does.
func BenchmarkWrite(b *testing.B) {
	tables := func(c *store.Config) {
		c.Migrations = fstest.MapFS{"0001_bench.sql": {Data: []byte(`
			CREATE TABLE document (id TEXT PRIMARY KEY, body BYTES NOT NULL);
			CREATE TABLE outbox (id TEXT PRIMARY KEY, due_at BIGINT NOT NULL, body BYTES NOT NULL);
			CREATE INDEX outbox_due ON outbox (due_at);`)}}
	}
	for _, open := range []struct {
		name string
		fn   func(testing.TB, ...func(*store.Config)) *store.Store
	}{{"sqlite", storetest.SQLite}, {"postgres", storetest.Postgres}} {
		for _, n := range []int{1, 32, 256} {
			b.Run(fmt.Sprintf("%s/callers=%d", open.name, n), func(b *testing.B) {
				benchmarkWrite(b, open.fn(b, tables), n)
			})
		}
	}
}

func benchmarkWrite(b *testing.B, s *store.Store, n int) {
	body, outbox := bytes.Repeat([]byte("d"), 3000), bytes.Repeat([]byte("o"), 1000)
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range n {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				id := fmt.Sprintf("doc_%026d", i)
				err := s.Write(b.Context(), []store.Statement{
					{SQL: `INSERT INTO document (id, body) VALUES ($1, $2)`, Args: []any{id, body}, Rows: 1},
					{SQL: `INSERT INTO outbox (id, due_at, body) VALUES ($1, $2, $3)`, Args: []any{id, i, outbox}, Rows: 1},
				})
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	st := s.Stats()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tx/s")
	b.ReportMetric(float64(st.Members)/float64(st.Commits), "callers/commit")
}
