package callback_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

func event() domain.Event {
	return domain.Event{
		ID: "evt_01", Organisation: "org_01", Type: "invoice.signed",
		OccurredAt: time.Date(2026, 3, 1, 10, 0, 0, 123_999_000, time.FixedZone("WAT", 3600)),
		Data:       json.RawMessage(`{ "z": 1.10, "a": "<&>" }`),
	}
}

func TestBodyHasItsMembersInOrderAndItsDataVerbatim(t *testing.T) {
	t.Parallel()
	want := `{"eventId":"evt_01","event":"invoice.signed","businessId":"org_01","occurredAt":"2026-03-01T09:00:00.123Z","sequence":7,"data":{ "z": 1.10, "a": "<&>" }}`
	if got := callback.Render(event(), 7); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !bytes.Equal(callback.Render(event(), 7), callback.Render(event(), 7)) {
		t.Error("two attempts have different bytes")
	}
}

func TestBodyIsTheEventOfTheSchema(t *testing.T) {
	t.Parallel()
	e := event()
	e.Type = "odd\"type\u2028"
	var got schemas.Event
	decoder := json.NewDecoder(bytes.NewReader(callback.Render(e, 1<<62)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.EventID != "evt_01" || got.Event != e.Type || got.BusinessID != "org_01" || got.Sequence != 1<<62 || string(got.Data) != string(e.Data) {
		t.Errorf("%+v", got)
	}
}

func TestEventWithoutDataHasNull(t *testing.T) {
	t.Parallel()
	e := event()
	e.Data = nil
	if !json.Valid(callback.Render(e, 1)) || !bytes.HasSuffix(callback.Render(e, 1), []byte(`"data":null}`)) {
		t.Errorf("%s", callback.Render(e, 1))
	}
}

func BenchmarkRender(b *testing.B) {
	e := event()
	e.Data = bytes.Repeat([]byte("1"), 3000)
	for b.Loop() {
		callback.Render(e, 1)
	}
}

func BenchmarkSign(b *testing.B) {
	body := bytes.Repeat([]byte("1"), 3000)
	for b.Loop() {
		if err := callback.Sign(map[string][]string{}, []string{testSecret}, "evt_01", vectorTime(), body); err != nil {
			b.Fatal(err)
		}
	}
}
