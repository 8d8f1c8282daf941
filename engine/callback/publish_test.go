package callback_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ingest"
	"github.com/afara-dev/afara/engine/store"
)

// aCustomer is valid data of customer.created and customer.updated.
const aCustomer = `{"customerId":"cus_1","name":"Ada Foods"}`

func customer(resource string) callback.NewEvent {
	return callback.NewEvent{Event: "customer.created", Data: json.RawMessage(aCustomer), ResourceID: resource}
}

// publish stores events as one request does.
func (w *world) publish(events ...callback.NewEvent) []domain.EventID {
	w.Helper()
	draft, err := w.service.Publish(w.Context(), w.env, events, "/events", true)
	must(w.T, err)
	must(w.T, w.applier.Apply(w.Context(), domain.Change{Parts: draft.Parts}))
	var answer struct {
		Success bool
		Data    []struct{ EventID domain.EventID }
	}
	must(w.T, json.Unmarshal(draft.Answer, &answer))
	ids := make([]domain.EventID, len(answer.Data))
	for i, e := range answer.Data {
		ids[i] = e.EventID
	}
	return ids
}

func (w *world) count(sql string, args ...any) (n int64) {
	w.Helper()
	rows, err := w.store.Reader().Query(w.Context(), sql, args...)
	must(w.T, err)
	defer rows.Close()
	for rows.Next() {
		must(w.T, rows.Scan(&n))
	}
	must(w.T, rows.Err())
	return n
}

func TestABatchReachesEveryReceiverInItsOrder(t *testing.T) {
	onBoth(t, func(w *world) {
		for range 3 {
			w.endpoint("https://hooks.example.com/", func(p *callback.EndpointPatch) { p.Events = &[]string{"customer.*"} })
		}
		var batch []callback.NewEvent
		for range callback.MaxBatch {
			batch = append(batch, customer("cus_1"))
		}
		ids := w.publish(batch...)
		list, err := w.service.Events(w.Context(), w.env.ID, callback.EventFilter{Oldest: true, Limit: 1000})
		must(w.T, err)
		if len(list) != callback.MaxBatch || len(ids) != callback.MaxBatch {
			w.Fatalf("%d events of %d", len(list), len(ids))
		}
		for i, e := range list {
			if e.ID != ids[i] || e.Sequence != int64(i+1) || e.Deliveries != 3 || e.Source != domain.SourceIntegrator {
				w.Fatalf("%d: %+v", i, e)
			}
		}
	})
}

func TestOneFaultRefusesAWholeBatchAndIsPointedAt(t *testing.T) {
	onBoth(t, func(w *world) {
		bad := customer("cus_2")
		bad.Data = json.RawMessage(`{"customerId":"cus_2","name":7}`)
		unknown := callback.NewEvent{Event: "customer.sold", Data: json.RawMessage(`{}`)}
		early, late := customer(""), customer("")
		early.OccurredAt, late.OccurredAt = "1999-12-31T23:59:59Z", w.clock.Now().Add(2*time.Hour).Format(time.RFC3339)
		draft, err := w.service.Publish(w.Context(), w.env, []callback.NewEvent{customer("cus_1"), bad, unknown, early, late}, "/events", true)
		e := wantCode(w.T, err, "invalid_body")
		var got []string
		for _, f := range e.Fields {
			if f.Code == "" || f.Detail == "" || f.Fix == "" {
				w.Errorf("fault %+v", f)
			}
			got = append(got, f.Pointer)
		}
		if want := []string{"/events/1/data/name", "/events/2/event", "/events/3/occurredAt", "/events/4/occurredAt"}; !slices.Equal(got, want) {
			w.Errorf("%v, want %v", got, want)
		}
		if len(draft.Parts) != 0 {
			w.Errorf("%d parts of a refused batch", len(draft.Parts))
		}
		_, err = w.service.Publish(w.Context(), w.env, []callback.NewEvent{bad}, "", false)
		if e := wantCode(w.T, err, "invalid_body"); len(e.Fields) != 1 || e.Fields[0].Pointer != "/data/name" {
			w.Errorf("%+v", e.Fields)
		}
	})
}

func TestTheBytesOfDataAreSentAsTheyCame(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		w.endpoint(h.URL)
		e := customer("")
		e.Data = json.RawMessage(`{ "name" : "A\u0064a <Foods>",  "customerId":"cus_1" }`)
		e.OccurredAt = "2026-04-17T11:30:00.1234+01:00"
		id := w.publish(e)[0]
		w.drain()
		got := h.requests()
		if len(got) != 1 || !bytes.Contains(got[0].body, e.Data) || !bytes.Contains(got[0].body, []byte(`"occurredAt":"2026-04-17T10:30:00.123Z"`)) {
			w.Fatalf("%d requests", len(got))
		}
		stored, err := w.service.Event(w.Context(), w.env.ID, id)
		must(w.T, err)
		if string(stored.Data) != string(e.Data) || stored.Resource != "cus_1" || stored.Sequence != 1 || stored.Deliveries != 1 {
			w.Errorf("%+v", stored)
		}
	})
}

func TestResourcesOfTwoEnvironmentsAreCountedApart(t *testing.T) {
	onBoth(t, func(w *world) {
		w.publish(customer("cus_1"), customer("cus_1"))
		w.env.ID = domain.NewID[domain.EnvironmentID](domain.PrefixEnvironment)
		w.publish(customer("cus_1"))
		list, err := w.service.Events(w.Context(), w.env.ID, callback.EventFilter{Limit: 10})
		must(w.T, err)
		if len(list) != 1 || list[0].Sequence != 1 {
			w.Errorf("%+v", list)
		}
	})
}

func TestFivePublishesOfOneKeyAtOnceMakeOneEvent(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		applier := store.NewApplier(w.store)
		door, err := ingest.New(ingest.Config{Store: w.store, Applier: applier})
		must(w.T, err)
		service := newService(w.T, w.store, applier, w.clock.Now)
		w.endpoint(h.URL)
		body := []byte(`{"event":"customer.created"}`)
		answers := make([]string, 5)
		var group sync.WaitGroup
		for i := range answers {
			group.Go(func() {
				a, err := door.Accept(w.Context(), ingest.Submission{
					Environment: w.env.ID, Route: "POST /v1/events", Key: "one", Body: body, Status: 202, DoneStatus: 202,
					Make: func(ctx context.Context) (domain.Draft, error) {
						return service.Publish(ctx, w.env, []callback.NewEvent{customer("cus_1")}, "", false)
					},
				})
				if err != nil {
					w.Error(err)
				}
				answers[i] = fmt.Sprint(a.Status, string(a.Body))
			})
		}
		group.Wait()
		if slices.Sort(answers); len(slices.Compact(answers)) != 1 || !strings.HasPrefix(answers[0], "202") {
			w.Errorf("answers %v", answers)
		}
		w.drain()
		if n := w.count(`SELECT COUNT(*) FROM event`); n != 1 || len(h.requests()) != 1 {
			w.Errorf("%d events, %d requests", n, len(h.requests()))
		}
	})
}
