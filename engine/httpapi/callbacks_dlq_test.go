package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

type failedList struct {
	Data []struct {
		DeliveryID, WebhookID, Stage, Status, Class, Reason, Advice string
		Answer, FirstAttemptAt, FailedAt                            *string
		LastStatus                                                  *int
		Attempts                                                    int
	}
	NextCursor *string
}

func TestAFailedDeliveryIsListedWithWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	hook := w.webhook(h.URL)
	h.answer(http.StatusBadRequest, `{"why":"no","password":"hunter2"}`)
	w.published("cus_1")
	w.deliver()
	h.answer(http.StatusOK, "")
	w.published("cus_2")
	w.deliver()
	var list failedList
	w.want(http.StatusOK, &list, w.ours.ops, "GET", "/si/callbacks/dlq", "")
	if len(list.Data) != 1 || list.NextCursor != nil {
		t.Fatalf("%+v", list)
	}
	got := list.Data[0]
	if got.Stage != "deliver" || got.WebhookID != hook.ID || got.Status != "refused" || got.Class != "refused" || got.Reason != "status" || got.Advice == "" ||
		*got.LastStatus != 400 || got.Attempts != 1 || got.FirstAttemptAt == nil || got.FailedAt == nil ||
		!strings.Contains(*got.Answer, "why") || strings.Contains(*got.Answer, "hunter2") {
		t.Errorf("%+v", got)
	}
	var stats struct {
		Total              int
		ByStatus, ByReason map[string]int
		Groups             []struct{ WebhookID string }
		OldestFailedAt     *string
	}
	w.want(http.StatusOK, &stats, w.ours.ops, "GET", "/si/callbacks/dlq/stats", "")
	if stats.Total != 1 || stats.ByStatus["refused"] != 1 || stats.ByReason["status"] != 1 || stats.OldestFailedAt == nil || len(stats.Groups) != 1 || stats.Groups[0].WebhookID != hook.ID {
		t.Errorf("%+v", stats)
	}
	for _, none := range []string{"status=exhausted", "codeClass=5xx", "resourceId=cus_2", "until=2025-08-05T12:00:00Z"} {
		w.want(http.StatusOK, &list, w.ours.ops, "GET", "/si/callbacks/dlq?"+none, "")
		if len(list.Data) != 0 {
			t.Errorf("?%s gave %+v", none, list)
		}
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.ops, "GET", "/si/callbacks/dlq?status=delivered", "")
}

func TestOnlyWhatFailedIsReplayedByOperators(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	w.webhook(h.URL)
	w.published("cus_1")
	w.deliver() // arrives
	h.answer(http.StatusBadRequest, "no")
	w.published("cus_2")
	w.deliver()
	all := w.listed("")
	var preview, some, rest replayCount
	w.want(http.StatusOK, &preview, w.ours.ops, "POST", "/si/callbacks/dlq/replay", `{"filter":{},"preview":true}`)
	w.want(http.StatusOK, &some, w.ours.ops, "POST", "/si/callbacks/dlq/replay", `{"ids":["`+all[0].ID+`","`+all[1].ID+`"]}`)
	w.want(http.StatusOK, &rest, w.ours.ops, "POST", "/si/callbacks/dlq/replay", `{"filter":{"status":"refused"}}`)
	if preview != (replayCount{Preview: true, Matched: 1}) || some != (replayCount{Matched: 1, Replayed: 1}) || rest != some {
		t.Errorf("%+v, %+v, %+v", preview, some, rest)
	}
	for body, code := range map[string]string{``: "nothing_selected", `{"preview":true}`: "nothing_selected", `{"ids":["` + all[0].ID + `"],"filter":{}}`: "ids_alone", `{"ids":[]}`: "min_items", `{"filter":{"status":"delivered"}}`: "enum"} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.ops, "POST", "/si/callbacks/dlq/replay", body)
		if len(p.Errors) != 1 || p.Errors[0].Code != code {
			t.Errorf("%s: %+v, want %s", body, p.Errors, code)
		}
	}
}

func TestFailedDeliveriesPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.hook()
	h.answer(http.StatusBadRequest, "no")
	w.webhook(h.URL)
	for _, id := range []string{"a", "b", "c"} {
		w.published(id)
	}
	w.deliver()
	var first, second failedList
	w.want(http.StatusOK, &first, w.ours.ops, "GET", "/si/callbacks/dlq?limit=2", "")
	w.want(http.StatusOK, &second, w.ours.ops, "GET", "/si/callbacks/dlq?limit=2&cursor="+*first.NextCursor, "")
	if len(first.Data) != 2 || len(second.Data) != 1 || second.NextCursor != nil || first.Data[0].DeliveryID > first.Data[1].DeliveryID || second.Data[0].DeliveryID < first.Data[1].DeliveryID {
		t.Errorf("%+v, %+v", first, second)
	}
}
