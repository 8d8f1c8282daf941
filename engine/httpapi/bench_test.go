package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/httpapi"
	"github.com/afara-dev/afara/engine/ingest"
)

// BenchmarkAccept posts invoices of 3 KB end to end: route, key, rules, SQLite
// with FULL durability. It reports the process's CPU for each invoice, with
// that of the caller that makes the request.
func BenchmarkAccept(b *testing.B) {
	for _, clients := range []int{1, 32} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			w := newWorld(b, func(c *httpapi.Config, door *ingest.Config) {
				c.Log, door.PerEnvironment, door.Total = discard(), 1<<30, 1<<30
			})
			template := w.submission("NUMBER")
			key := "Bearer " + w.ours.write
			b.SetBytes(int64(len(template)))
			b.ReportAllocs()
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			before := cpu(b)
			for range clients {
				wg.Go(func() {
					for {
						n := next.Add(1)
						if n > int64(b.N) {
							return
						}
						body := strings.Replace(template, `"NUMBER"`, fmt.Sprintf(`"N%d"`, n), 1)
						r := httptest.NewRequest("POST", "/si/invoices", strings.NewReader(body))
						r.Header.Set("Authorization", key)
						r.Header.Set("Content-Type", "application/json")
						rec := httptest.NewRecorder()
						if w.handler.ServeHTTP(rec, r); rec.Code != http.StatusAccepted {
							b.Errorf("status %d: %s", rec.Code, rec.Body)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
		})
	}
}

// cpu is the time that this process has spent.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
