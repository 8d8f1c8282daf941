package callback_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

var update = flag.Bool("update", false, "write the golden requests anew")

const (
	goldenPrevious = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
	goldenPrivate  = "whsk_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// goldenTime is when the requests of the golden files were signed.
func goldenTime() time.Time { return time.Date(2026, 4, 17, 10, 30, 0, 0, time.UTC) }

// TestEachFormatIsItsGoldenRequest holds each format, headers and body, to the
// bytes that receivers were promised.
func TestEachFormatIsItsGoldenRequest(t *testing.T) {
	t.Parallel()
	sender, err := callback.NewSender(callback.SenderConfig{Guard: guard(t, callback.GuardConfig{}), Now: goldenTime})
	must(t, err)
	for format, kind := range map[callback.Format]string{
		callback.FormatAfara: schemas.EventInvoiceSigned, callback.FormatFinora: schemas.EventInvoicePaid,
		callback.FormatDigitax: schemas.EventInvoiceSigned, callback.FormatSandpay: schemas.EventPaymentCompleted,
	} {
		h := newHook(t)
		body, err := format.Render(goldenEvent(kind), 3)
		must(t, err)
		result := sender.Send(t.Context(), callback.Request{
			URL: h.URL + "/in", EventID: goldenEvent(kind).ID, EventType: kind, Body: body, Format: format,
			Secrets: []string{testSecret, goldenPrevious}, PrivateKey: goldenPrivate, Headers: map[string]string{"X-Tenant": "adebayo"}, Policy: local(),
		})
		if result.Class != callback.ClassDelivered {
			t.Fatalf("%s: %+v", format, result)
		}
		got := wire(h.requests()[0])
		file := filepath.Join("testdata", "golden", string(format)+".http")
		if *update {
			must(t, os.MkdirAll(filepath.Dir(file), 0o755))
			must(t, os.WriteFile(file, got, 0o644))
		}
		want, err := os.ReadFile(file)
		must(t, err)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", format, got, want)
		}
	}
}

func goldenEvent(kind string) domain.Event {
	return domain.Event{
		ID: "evt_01K1X2Z26VPAVPTMTA3CGTWCQ8", Organisation: "org_01K1X2Z26VPAVPTMTA3CGTWCQ8", Environment: "env_01K1X2Z26VPAVPTMTA3CGTWCQ8",
		Type: kind, Resource: "res_1", Data: schemas.SampleEvent(kind), OccurredAt: goldenTime().Add(-time.Minute),
	}
}

// wire writes a request with its headers sorted.
func wire(r request) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s\n", r.path)
	for _, name := range slices.Sorted(maps.Keys(r.header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, r.header.Get(name))
	}
	fmt.Fprintf(&b, "\n%s\n", r.body)
	return b.Bytes()
}
