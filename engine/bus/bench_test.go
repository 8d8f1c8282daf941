package bus_test

import (
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/afara-dev/afara/engine/bus"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/internal/testserver"
)

// BenchmarkOneByOne is the same way for a message that meets an idle stream.
// ns/op is the time from Publish to the handler.
func BenchmarkOneByOne(b *testing.B) {
	b.Run("embedded", func(b *testing.B) { benchmarkOneByOne(b, "") })
	b.Run("redis", func(b *testing.B) { benchmarkOneByOne(b, testserver.Redis(b).URL) })
}

func benchmarkOneByOne(b *testing.B, url string) {
	x, handled := openBus(b, url), make(chan struct{})
	listen(b, runRouter(b, x), bus.ListenConfig{
		Stream: "bench", Subscriber: bus.SubscriberConfig{SoleGroup: true},
		Handle: func(*message.Message) error {
			handled <- struct{}{}
			return nil
		},
	})
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu()
	for i := range b.N {
		publishMany(b, x, "bench", i, i+1)
		<-handled
	}
	b.StopTimer()
	b.ReportMetric(float64(cpu()-before)/1e3/float64(b.N), "cpu-µs/msg")
}

// BenchmarkPublishToHandler is the whole way of an envelope: published in
// batches of 32, read, routed, acked. cpu-µs/msg is user and system time of
// this process, the embedded server's included.
func BenchmarkPublishToHandler(b *testing.B) {
	b.Run("embedded", func(b *testing.B) { benchmarkPublishToHandler(b, "") })
	b.Run("redis", func(b *testing.B) { benchmarkPublishToHandler(b, testserver.Redis(b).URL) })
}

func benchmarkPublishToHandler(b *testing.B, url string) {
	x := openBus(b, url)
	r := runRouter(b, x)
	done, handled := make(chan struct{}), atomic.Int64{}
	total := int64(b.N)
	listen(b, r, bus.ListenConfig{
		Stream: "bench", Subscriber: bus.SubscriberConfig{SoleGroup: true},
		Handle: func(m *message.Message) error {
			m.Ack()
			if handled.Add(1) == total {
				close(done)
			}
			return nil
		},
	})
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu()
	publishMany(b, x, "bench", 0, b.N)
	<-done
	b.StopTimer()
	b.ReportMetric(float64(cpu()-before)/1e3/float64(b.N), "cpu-µs/msg")
}

func publishMany(b testing.TB, x *bus.Bus, stream string, from, to int) {
	b.Helper()
	for first := from; first < to; first += 32 {
		if err := x.Publish(b.Context(), stream, envelopes(first, min(first+32, to))); err != nil {
			b.Fatal(err)
		}
	}
}

func envelopes(from, to int) []domain.Envelope {
	envs := make([]domain.Envelope, 0, to-from)
	for i := from; i < to; i++ {
		envs = append(envs, domain.Envelope{
			ID: domain.WorkID("msg_01JDCK3V5T0000000000" + strconv.Itoa(100000+i)), Kind: domain.WorkMessage, Stage: "validate",
			Epoch: 1, Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		})
	}
	return envs
}

func cpu() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
