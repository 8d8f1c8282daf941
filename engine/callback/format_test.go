package callback_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

func formats() []callback.Format {
	return []callback.Format{callback.FormatAfara, callback.FormatFinora, callback.FormatDigitax, callback.FormatSandpay}
}

func event() domain.Event {
	return domain.Event{
		ID: "evt_01", Organisation: "org_01", Type: "invoice.signed", Resource: "inv_01",
		OccurredAt: time.Date(2026, 3, 1, 10, 0, 0, 123_999_000, time.FixedZone("WAT", 3600)),
		Data:       json.RawMessage(`{ "z": 1.10, "a": "<&>" }`),
	}
}

func eventOf(kind, data string) domain.Event {
	e := event()
	e.Type, e.Data = kind, json.RawMessage(data)
	return e
}

func sampleView(t testing.TB) string {
	t.Helper()
	raw, err := os.ReadFile("../../schemas/testdata/v1/valid/invoice_view/digitax_sample.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func render(t testing.TB, f callback.Format, e domain.Event, sequence int64) string {
	t.Helper()
	body, err := f.Render(e, sequence)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := f.Render(e, sequence); err != nil || !bytes.Equal(body, again) {
		t.Errorf("%s: two attempts have different bytes: %v", f, err)
	}
	if !json.Valid(body) {
		t.Errorf("%s: not JSON: %s", f, body)
	}
	return string(body)
}

func compare(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
}

func TestFormatsAreParsed(t *testing.T) {
	t.Parallel()
	for _, want := range formats() {
		if got, err := callback.ParseFormat(string(want)); err != nil || got != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	if got, err := callback.ParseFormat(""); err != nil || got != callback.FormatAfara {
		t.Errorf("%q, %v", got, err)
	}
	for _, wrong := range []string{"xml", "Finora", " afara"} {
		if _, err := callback.ParseFormat(wrong); err == nil || !strings.Contains(err.Error(), "digitax") {
			t.Errorf("%q: %v", wrong, err)
		}
		if _, err := callback.Format(wrong).Render(event(), 1); err == nil {
			t.Errorf("rendered as %q", wrong)
		}
		if err := (callback.Request{Format: callback.Format(wrong), EventID: "evt_1", Secrets: []string{testSecret}}).Sign(http.Header{}, "X-", time.Now()); err == nil {
			t.Errorf("signed as %q", wrong)
		}
	}
}

func TestAfaraHasItsMembersInOrderAndItsDataVerbatim(t *testing.T) {
	t.Parallel()
	want := `{"eventId":"evt_01","event":"invoice.signed","businessId":"org_01","occurredAt":"2026-03-01T09:00:00.123Z","sequence":7,"data":{ "z": 1.10, "a": "<&>" }}`
	compare(t, render(t, callback.FormatAfara, event(), 7), want)
	compare(t, render(t, "", event(), 7), want)
}

func TestAfaraIsTheEventOfTheSchema(t *testing.T) {
	t.Parallel()
	e := event()
	e.Type = "odd\"type\u2028"
	var got schemas.Event
	decoder := json.NewDecoder(strings.NewReader(render(t, callback.FormatAfara, e, 1<<62)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.EventID != "evt_01" || got.Event != e.Type || got.BusinessID != "org_01" || got.Sequence != 1<<62 || string(got.Data) != string(e.Data) {
		t.Errorf("%+v", got)
	}
}

func TestDigitaxIsDataAndEvent(t *testing.T) {
	t.Parallel()
	compare(t, render(t, callback.FormatDigitax, event(), 7), `{"data":{ "z": 1.10, "a": "<&>" },"event":"invoice.signed"}`)
}

func TestEventWithoutData(t *testing.T) {
	t.Parallel()
	e := event()
	e.Data = nil
	for f, want := range map[callback.Format]string{
		callback.FormatAfara:   `{"eventId":"evt_01","event":"invoice.signed","businessId":"org_01","occurredAt":"2026-03-01T09:00:00.123Z","sequence":1,"data":null}`,
		callback.FormatFinora:  `{"eventId":"evt_01","event":"invoice.signed","businessId":"org_01","occurredAt":"2026-03-01T09:00:00.123Z","data":null}`,
		callback.FormatDigitax: `{"data":null,"event":"invoice.signed"}`,
		callback.FormatSandpay: `{"event":"invoice.signed","event_id":"evt_01","business_id":"org_01","occurred_at":"2026-03-01T09:00:00.123Z","sequence":1}`,
	} {
		compare(t, render(t, f, e, 1), want)
	}
}

func TestDataThatCannotBeRenamedIsAnError(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat(`{"a_b":[`, n) + strings.Repeat(`]}`, n) }
	for _, f := range []callback.Format{callback.FormatFinora, callback.FormatSandpay} {
		for _, kind := range []string{"invoice.signed", "payment.completed", "customer.created"} {
			for _, data := range []string{`{`, `{"a":1} x`, `nul`, deep(33), deep(20_000)} {
				if body, err := f.Render(eventOf(kind, data), 1); err == nil || !strings.Contains(err.Error(), "evt_01") {
					t.Errorf("%s %s %.20s: %.40s, %v", f, kind, data, body, err)
				}
			}
			render(t, f, eventOf(kind, deep(30)), 1)
		}
	}
}

// FuzzRender holds that JSON gives JSON or an error, and anything else an error,
// in the formats that look into data.
func FuzzRender(f *testing.F) {
	f.Add("invoice.paid", sampleView(f))
	f.Add("payment.completed", `{"id":"TX_1","rawData":1,"raw":{"a_b":[]},"reference":"r","event":"x","completedAt":null}`)
	f.Add("customer.created", `{"first_name":"A","firstName":"B","x\u005fy":[{"a_b":1e400}, "\"}", -0 ] , "":{}}`)
	f.Add("invoice.paid", `{"invoice_number":"\\","payable_amount":1e3,"items":[1,{"price_amount":0.125}],"taxes":{}}`)
	f.Add("a.b", " [ ] ")
	f.Fuzz(func(t *testing.T, kind, data string) {
		for _, format := range []callback.Format{callback.FormatFinora, callback.FormatSandpay} {
			body, err := format.Render(eventOf(kind, data), 1)
			if err == nil && (!json.Valid(body) || data != "" && !json.Valid([]byte(data))) {
				t.Errorf("%s makes %s of %s", format, body, data)
			}
		}
	})
}

func BenchmarkRender(b *testing.B) {
	e := eventOf("invoice.signed", sampleView(b))
	for _, f := range formats() {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				if _, err := f.Render(e, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	r := callback.Request{EventID: "evt_01", Secrets: []string{testSecret}, Body: bytes.Repeat([]byte("1"), 3000)}
	for b.Loop() {
		if err := r.Sign(http.Header{}, "X-", vectorTime()); err != nil {
			b.Fatal(err)
		}
	}
}
