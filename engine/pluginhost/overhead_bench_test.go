package pluginhost_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pluginhost"
	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
	"github.com/afara-dev/afara/schemas"
)

// turns is into how many parts the calls of both kinds are cut, which take
// turns: what slows the machine for a moment slows both.
const turns = 20

// BenchmarkOverhead makes the same call, with a proved document, through a host
// and through go-plugin alone. It reports the host's time per call, calls a
// second, and its ratio to the bare call's; the schemas of echo ask for nothing
// but an object, those of strict, in /validated, for what a standard operation
// does.
func BenchmarkOverhead(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as afara does
	body := bytes.Repeat([]byte("0123456789abcdef"), 64)
	doc := schemas.Restore(schemas.InvoiceV1, schemas.DigestOf(body), body)
	for _, c := range []struct{ name, verb, parameters string }{
		{"1kB", "echo", `{}`}, {"1kB/validated", "strict", signParameters},
	} {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/callers=%d", c.name, callers), func(b *testing.B) {
				dir := b.TempDir()
				install(b, dir, "bad", "bad", hostile.Bad("bad"))
				h := setup(b, dir, func(c *pluginhost.Config) { c.Log = slog.New(slog.NewTextHandler(io.Discard, nil)) })
				h.start(b, "bad")
				call := call("bad", c.verb, c.parameters)
				call.Document = doc
				bare, req := bareClient(b), bareRequest("bad."+c.verb, c.parameters, doc)
				compare(b, callers, func(ctx context.Context) error {
					_, err := bare.Invoke(ctx, req())
					return err
				}, func(ctx context.Context) error {
					if out := h.Invoke(ctx, call); out.Class != domain.ClassResult {
						return fmt.Errorf("%s: %w", out.Class, out.Error)
					}
					return nil
				})
			})
		}
	}
}

// BenchmarkValidation checks parameters and result of strict, as every call of
// it does.
func BenchmarkValidation(b *testing.B) {
	m, err := schemas.ParseManifest(hostile.Bad("bad"))
	if err != nil {
		b.Fatal(err)
	}
	i := slices.IndexFunc(m.Operations, func(o schemas.Operation) bool { return o.Name == "bad.strict" })
	input, err := schemas.Compile(m.Operations[i].Input)
	if err != nil {
		b.Fatal(err)
	}
	output, err := schemas.Compile(m.Operations[i].Output)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := errors.Join(input.Validate([]byte(signParameters)), output.Validate([]byte(signParameters))); err != nil {
			b.Fatal(err)
		}
	}
}

// compare lets so many callers make b.N calls of each kind.
func compare(b *testing.B, callers int, bare, host func(context.Context) error) {
	b.Helper()
	for _, first := range []func(context.Context) error{bare, host} { // what is made once
		if err := first(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	var spent [2]time.Duration
	for i := range turns {
		n := (i+1)*b.N/turns - i*b.N/turns
		for k, one := range []func(context.Context) error{bare, host} {
			spent[k] += together(b, callers, n, one)
		}
	}
	b.ReportMetric(float64(spent[1].Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(spent[0].Nanoseconds())/float64(b.N), "bare-ns/op")
	b.ReportMetric(float64(spent[1])/float64(spent[0]), "host/bare")
	b.ReportMetric(float64(b.N)/spent[1].Seconds(), "calls/s")
}

// together makes n calls from so many goroutines.
func together(b *testing.B, callers, n int, one func(context.Context) error) time.Duration {
	b.Helper()
	began := time.Now()
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			for range (c+1)*n/callers - c*n/callers {
				if err := one(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	return time.Since(began)
}
