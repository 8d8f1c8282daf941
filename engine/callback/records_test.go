package callback_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/engine/domain"
)

func TestEventsAreFoundByEachFilter(t *testing.T) {
	onBoth(t, func(w *world) {
		start := w.clock.Now()
		first := w.tell("invoice.signed", "inv_1")
		w.clock.Add(time.Hour)
		second, third := w.tell("invoice.paid", "inv_1"), w.tell("receipt.created", "rec_1")
		for name, c := range map[string]struct {
			f    callback.EventFilter
			want []domain.EventID
		}{
			"all":      {callback.EventFilter{}, []domain.EventID{third, second, first}},
			"oldest":   {callback.EventFilter{Oldest: true}, []domain.EventID{first, second, third}},
			"type":     {callback.EventFilter{Pattern: "invoice.paid"}, []domain.EventID{second}},
			"pattern":  {callback.EventFilter{Pattern: "invoice.*"}, []domain.EventID{second, first}},
			"alias":    {callback.EventFilter{Pattern: "sale.sync"}, []domain.EventID{first}},
			"star":     {callback.EventFilter{Pattern: "*"}, []domain.EventID{third, second, first}},
			"none":     {callback.EventFilter{Pattern: "nothing.*"}, nil},
			"resource": {callback.EventFilter{Resource: "inv_1"}, []domain.EventID{second, first}},
			"since":    {callback.EventFilter{Since: start.Add(time.Hour)}, []domain.EventID{third, second}},
			"until":    {callback.EventFilter{Until: start.Add(time.Hour)}, []domain.EventID{first}},
			"after":    {callback.EventFilter{After: second}, []domain.EventID{first}},
			"onwards":  {callback.EventFilter{After: second, Oldest: true}, []domain.EventID{third}},
		} {
			c.f.Limit = 10
			list, err := w.service.Events(w.Context(), w.env.ID, c.f)
			must(w.T, err)
			var got []domain.EventID
			for _, e := range list {
				got = append(got, e.ID)
			}
			if !slices.Equal(got, c.want) {
				w.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
		other := domain.NewID[domain.EnvironmentID](domain.PrefixEnvironment)
		if list, err := w.service.Events(w.Context(), other, callback.EventFilter{Limit: 10}); err != nil || len(list) != 0 {
			w.Errorf("another environment sees %+v, %v", list, err)
		}
		_, err := w.service.Event(w.Context(), other, first)
		wantCode(w.T, err, "event_not_found")
	})
}

func TestDeliveriesAreFoundByEachFilter(t *testing.T) {
	onBoth(t, func(w *world) {
		good, bad := newHook(w.T), newHook(w.T)
		bad.answer(404)
		one, _ := w.endpoint(good.URL, func(p *callback.EndpointPatch) { p.Events = &[]string{"invoice.*"} })
		two, _ := w.endpoint(bad.URL)
		first := w.tell("invoice.signed", "inv_1")
		w.drain()
		w.clock.Add(time.Hour)
		later := w.clock.Now()
		w.tell("receipt.created", "rec_1", func(e *domain.Event) { e.OccurredAt = later })
		bad.Close()
		w.drain() // no answer, to be tried again
		all := w.deliveries(callback.DeliveryFilter{})
		if len(all) != 3 {
			w.Fatalf("%+v", all)
		}
		for name, c := range map[string]struct {
			f    callback.DeliveryFilter
			want int
		}{
			"endpoint": {callback.DeliveryFilter{Endpoint: one}, 1}, "another": {callback.DeliveryFilter{Endpoint: two}, 2},
			"event": {callback.DeliveryFilter{Event: first}, 2}, "pattern": {callback.DeliveryFilter{Pattern: "receipt.*"}, 1},
			"resource": {callback.DeliveryFilter{Resource: "inv_1"}, 2}, "delivered": {callback.DeliveryFilter{Status: callback.StatusDelivered}, 1},
			"pending": {callback.DeliveryFilter{Status: callback.StatusPending}, 1}, "failed": {callback.DeliveryFilter{Failed: true}, 1},
			"ended": {callback.DeliveryFilter{Ended: true}, 2}, "2xx": {callback.DeliveryFilter{CodeClass: 2}, 1}, "4xx": {callback.DeliveryFilter{CodeClass: 4}, 1},
			"5xx": {callback.DeliveryFilter{CodeClass: 5}, 0}, "no answer": {callback.DeliveryFilter{CodeClass: callback.NoAnswer}, 1},
			"since": {callback.DeliveryFilter{Since: later}, 1}, "until": {callback.DeliveryFilter{Until: later}, 2},
			"after": {callback.DeliveryFilter{After: all[0].ID}, 2}, "through": {callback.DeliveryFilter{Through: all[1].ID}, 2},
			"ids": {callback.DeliveryFilter{Deliveries: []domain.DeliveryID{all[0].ID, all[2].ID}}, 2},
		} {
			if got := w.deliveries(c.f); len(got) != c.want {
				w.Errorf("%s: %d, want %d", name, len(got), c.want)
			}
		}
		_, err := w.service.Attempts(w.Context(), domain.NewID[domain.EnvironmentID](domain.PrefixEnvironment), all[0].ID)
		wantCode(w.T, err, "delivery_not_found")
	})
}

func TestAttemptsAreRecordedInTheirOrder(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		w.endpoint(h.URL)
		h.answer(503, "Server", "teapot", "Set-Cookie", "hunter2")
		w.tell("invoice.signed", "inv_1")
		w.drain()
		h.answer(200)
		w.clock.Add(2 * time.Minute)
		w.drain()
		list, err := w.service.Attempts(w.Context(), w.env.ID, w.deliveries(callback.DeliveryFilter{})[0].ID)
		must(w.T, err)
		if len(list) != 2 || list[0].Number != 1 || list[0].Status != 503 || list[0].Class != callback.ClassRetry || list[0].Header.Get("Server") != "teapot" ||
			list[0].Header.Get("Set-Cookie") != "" || list[0].NextAt.IsZero() || list[1].Class != callback.ClassDelivered || !list[1].NextAt.IsZero() || list[1].URL != h.URL {
			w.Errorf("%+v", list)
		}
	})
}

func TestFailedDeliveriesSayWhyAndWhatToDo(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		h.answer(400)
		refusing, _ := w.endpoint(h.URL)
		w.tell("invoice.signed", "inv_1")
		w.drain()
		gone, _ := w.endpoint("https://hooks.example.com/")
		w.tell("invoice.paid", "inv_1")
		must(w.T, w.service.DeleteEndpoint(w.Context(), w.env.ID, gone, "tester"))
		w.drain()
		list, err := w.service.Failed(w.Context(), w.env.ID, callback.DeliveryFilter{Oldest: true, Limit: 10})
		must(w.T, err)
		if len(list) != 3 {
			w.Fatalf("%+v", list)
		}
		for _, d := range list {
			reason, class, attempts := callback.ReasonStatus, callback.ClassRefused, 1
			if d.Endpoint == gone {
				reason, attempts = callback.ReasonDeleted, 0
			}
			if d.LastReason != reason || d.Class != class || d.Attempts != attempts || d.FirstAt.IsZero() != (attempts == 0) || d.Stage != callback.StageDeliver || d.Advice() == "" {
				w.Errorf("%+v", d)
			}
		}
		stats, err := w.service.FailedStats(w.Context(), w.env.ID)
		must(w.T, err)
		if len(stats) != 2 || stats[0].Endpoint != refusing || stats[0].Count != 2 || stats[0].Status != callback.StatusRefused || stats[1].Status != callback.StatusAbandoned || stats[1].Oldest.IsZero() {
			w.Errorf("%+v", stats)
		}
	})
}

func TestEachKindOfFailureHasItsAdvice(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]callback.DeliveryRecord{
		"deleted": {LastReason: callback.ReasonDeleted}, "not active": {LastReason: callback.ReasonDisabled}, "guard": {LastReason: callback.ReasonBlocked},
		"redirects": {LastReason: callback.ReasonRedirect, LastStatus: 302}, "refused": {LastStatus: 404}, "failed at every": {LastStatus: 503}, "not be reached": {LastReason: callback.ReasonDNS},
	} {
		if got := d.Advice(); !strings.Contains(got, want) {
			t.Errorf("%+v: %q", d, got)
		}
	}
}

func TestOldEventsExpireInChunksButNotWhatIsOnItsWay(t *testing.T) {
	onBoth(t, func(w *world) {
		h := newHook(w.T)
		var batch []callback.NewEvent
		for range callback.MaxBatch {
			batch = append(batch, customer(""))
		}
		for range 6 {
			w.publish(batch...)
		}
		w.endpoint(h.URL)
		w.tell("invoice.signed", "inv_1")
		w.drain() // has arrived, with an attempt
		h.answer(503)
		pending := w.tell("invoice.signed", "inv_2")
		w.drain()
		if n, err := w.service.Expire(w.Context(), time.Hour); err != nil || n != 0 {
			w.Fatalf("%d expired before their time, %v", n, err)
		}
		w.clock.Add(2 * time.Hour)
		var chunks []int
		for range 3 {
			n, err := w.service.Expire(w.Context(), time.Hour)
			must(w.T, err)
			chunks = append(chunks, n)
		}
		if !slices.Equal(chunks, []int{500, 101, 0}) {
			w.Errorf("chunks %v", chunks)
		}
		if n := w.count(`SELECT COUNT(*) FROM event WHERE id = $1`, pending) + w.count(`SELECT COUNT(*) FROM event`); n != 2 {
			w.Errorf("%d", n)
		}
		if d, a := w.count(`SELECT COUNT(*) FROM delivery`), w.count(`SELECT COUNT(*) FROM delivery_attempt`); d != 1 || a != 1 {
			w.Errorf("%d deliveries, %d attempts", d, a)
		}
	})
}

func TestAnEventThatIsToldOfLateIsKeptAsLong(t *testing.T) {
	onBoth(t, func(w *world) {
		e := customer("")
		e.OccurredAt = "2020-01-01T00:00:00Z"
		w.publish(e)
		if n, err := w.service.Expire(w.Context(), time.Hour); err != nil || n != 0 {
			w.Errorf("%d expired, %v", n, err)
		}
	})
}
