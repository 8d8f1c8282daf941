package pluginhost_test

import (
	"io"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
)

// BenchmarkRecovery kills a connector's process and waits for the first answer
// of the next one, with the delays of a usual host: each crash is the first in
// a quiet time.
func BenchmarkRecovery(b *testing.B) {
	dir := b.TempDir()
	install(b, dir, "good", "good", hostile.Good("good"))
	h := setup(b, dir, func(c *pluginhost.Config) {
		c.Log, c.QuietAfter = slog.New(slog.NewTextHandler(io.Discard, nil)), time.Nanosecond
	})
	h.start(b, "good")
	changed, longest := h.Subscribe(), time.Duration(0)
	for b.Loop() {
		before := h.status(b, "good")
		began := time.Now()
		if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
			b.Fatal(err)
		}
		// A call now would find the dead process out at once; nobody calls.
		for h.status(b, "good").Restarts == before.Restarts || !h.Ready("good", domain.Sandbox) {
			<-changed
		}
		wantResult(b, h.invoke(b, "good", "echo", `{}`), `{}`)
		longest = max(longest, time.Since(began))
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/recovery")
	b.ReportMetric(float64(longest.Milliseconds()), "longest-ms")
}
