package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestADeliveryShowsItsAttempts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	hook := w.webhook(h.URL)
	event := w.published("cus_1")
	h.answer(http.StatusServiceUnavailable, "token=hunter2 later")
	w.deliver()
	list := w.listed("")
	if len(list) != 1 || list[0].EventID != event || list[0].WebhookID != hook.ID || list[0].Status != "pending" || list[0].Attempts != 1 || *list[0].LastStatus != 503 || list[0].NextAttemptAt == nil {
		t.Fatalf("%+v", list)
	}
	h.answer(http.StatusOK, "")
	w.clock.Add(hour)
	w.deliver()
	var got one[delivery]
	w.want(http.StatusOK, &got, w.ours.read, "GET", "/v1/deliveries/"+list[0].ID, "")
	if got.Data.Status != "delivered" || got.Data.Attempts != 2 || got.Data.LastReason != nil || got.Data.NextAttemptAt != nil {
		t.Errorf("%+v", got)
	}
	var attempts many[struct {
		Number        int
		Status        *int
		Class         string
		Answer        *string
		NextAttemptAt *string
	}]
	raw := w.want(http.StatusOK, &attempts, w.ours.read, "GET", "/v1/deliveries/"+list[0].ID+"/attempts", "")
	if len(attempts.Data) != 2 || attempts.Data[0].Class != "retry" || attempts.Data[1].Class != "delivered" || attempts.Data[0].NextAttemptAt == nil || strings.Contains(string(raw.body), "hunter2") {
		t.Errorf("%s", raw.body)
	}
	w.refused(http.StatusNotFound, "delivery_not_found", w.ours.read, "GET", "/v1/deliveries/dlv_x", "")
}

func TestADeliveryIsReplayedAsOftenAsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	w.webhook(h.URL)
	event := w.published("cus_1")
	path := "/v1/deliveries/" + w.listed("")[0].ID
	w.refused(http.StatusConflict, "delivery_pending", w.ours.write, "POST", path+"/replay", "")
	w.deliver()
	seen := map[string]bool{}
	for range 2 {
		var made one[delivery]
		w.want(http.StatusAccepted, &made, w.ours.write, "POST", path+"/replay", "")
		if made.Data.EventID != event || made.Data.Status != "pending" || "/v1/deliveries/"+*made.Data.ReplayOf != path {
			t.Errorf("%+v", made)
		}
		seen[made.Data.ID] = true
	}
	w.deliver()
	if got := h.requests(); len(got) != 3 || len(seen) != 2 || got[0].header.Get("webhook-id") != got[2].header.Get("webhook-id") {
		t.Errorf("%d requests, %d deliveries", len(got), len(seen))
	}
}

func TestDeliveriesAreFoundByEachFilter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good, bad := w.hook(), w.hook()
	bad.answer(http.StatusBadRequest, "no")
	one, two := w.webhook(good.URL), w.webhook(bad.URL)
	event := w.published("cus_1")
	w.deliver()
	w.clock.Add(hour)
	w.published("cus_2")
	for query, want := range map[string]int{
		"": 4, "?webhookId=" + one.ID: 2, "?eventId=" + event: 2, "?event=customer.*": 4, "?event=bill.paid": 0, "?resourceId=cus_2": 2,
		"?status=pending": 2, "?status=refused": 1, "?codeClass=2xx": 1, "?codeClass=4xx&webhookId=" + two.ID: 1, "?codeClass=none": 0,
		"?since=2025-08-05T12:30:00Z": 2, "?until=2025-08-05T12:30:00Z": 2, "?limit=3": 3,
	} {
		if got := w.listed(query); len(got) != want {
			t.Errorf("%s: %d, want %d", query, len(got), want)
		}
	}
	all := w.listed("")
	if rest := w.listed("?cursor=" + all[1].ID); len(rest) != 2 || rest[0].ID != all[2].ID {
		t.Errorf("%+v", rest)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.read, "GET", "/v1/deliveries?status=failed&codeClass=9xx", "")
}

func TestManyAreReplayedByFilterAfterAPreview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	h.answer(http.StatusBadRequest, "no")
	hook := w.webhook(h.URL)
	w.published("cus_1")
	w.published("cus_2")
	w.deliver()
	var preview, done one[replayCount]
	w.want(http.StatusOK, &preview, w.ours.write, "POST", "/v1/deliveries/replay", `{"filter":{"status":"refused","codeClass":"4xx"},"preview":true}`)
	w.want(http.StatusOK, &done, w.ours.write, "POST", "/v1/deliveries/replay", `{"filter":{"webhookId":"`+hook.ID+`","event":"customer.*","resourceId":"cus_1"}}`)
	if preview.Data != (replayCount{Preview: true, Matched: 2}) || done.Data != (replayCount{Matched: 1, Replayed: 1}) {
		t.Errorf("%+v, %+v", preview, done)
	}
	for _, body := range []string{``, `{}`, `{"filter":{"status":"pending"}}`, `{"filter":{"event":"customer.sold"}}`, `{"filter":{},"cursor":"dlv_1"}`} {
		w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "POST", "/v1/deliveries/replay", body)
	}
	if n := len(w.listed("")); n != 3 {
		t.Errorf("%d deliveries", n)
	}
}
