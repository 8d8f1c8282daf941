package ledger_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
)

// BenchmarkPost posts collections to one float, which are only added, and payouts
// from it, each of which locks it. A node folds meanwhile.
func BenchmarkPost(b *testing.B) {
	for _, database := range []string{"sqlite", "postgres"} {
		for _, kind := range []string{"credit", "debit"} {
			for _, n := range []int{1, 32} {
				b.Run(fmt.Sprintf("%s/%s/callers=%d", database, kind, n), func(b *testing.B) {
					w := newWorld(b, databases()[database](b))
					w.must(w.post(w.collection(tx(0), domain.MaxPosting-1, 0)))
					w.folding("node_b", func(c *ledger.Config) { c.Every = 0 })
					benchmarkPost(w, b, kind, n)
				})
			}
		}
	}
}

func benchmarkPost(w *world, b *testing.B, kind string, n int) {
	var next atomic.Int64
	var all sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range n {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				e := w.collection(tx(int(i)), 10, 1)
				if kind == "debit" {
					e = w.payout(tx(int(i)), 10)
				}
				if err := w.post(e); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	w.sound()
}
