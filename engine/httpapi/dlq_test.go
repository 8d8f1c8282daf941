package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

type listedHeld struct {
	Data []struct {
		MessageID, ResourceID, Stage, Reason, Advice string
		ConnectionID                                 string
		LastError                                    *struct{ Class, Code string }
		Attempts                                     int
		SettlesAt                                    *string
	}
	NextCursor *string
}

type replayed struct {
	Replayed []string
	Refused  []struct {
		MessageID, Code string
		SettlesAt       *string
	}
	NextCursor *string
}

func TestAHeldMessageIsListedWithWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.held("HELD-1")
	var list listedHeld
	w.want(http.StatusOK, &list, w.ours.ops, "GET", "/si/dlq", "")
	if len(list.Data) != 1 {
		t.Fatalf("%+v", list)
	}
	got := list.Data[0]
	if got.MessageID != string(h.MessageID) || got.ResourceID != h.ID || got.Stage != "sign" || got.Reason != "cannot_tell" ||
		got.Advice == "" || got.Attempts != 1 || got.SettlesAt == nil || got.ConnectionID != string(w.ours.connection) {
		t.Errorf("%+v", got)
	}
	var stats struct {
		Total             int
		ByReason, ByStage map[string]int
		OldestHeldAt      *string
	}
	w.want(http.StatusOK, &stats, w.ours.ops, "GET", "/si/dlq/stats", "")
	if stats.Total != 1 || stats.ByReason["cannot_tell"] != 1 || stats.ByStage["sign"] != 1 || stats.OldestHeldAt == nil {
		t.Errorf("%+v", stats)
	}
	for _, none := range []string{"reason=lost_claims", "stage=prepare", "heldUntil=2025-08-05T00:00:00Z", "connectionId=con_01J0000000000000000000000A"} {
		w.want(http.StatusOK, &list, w.ours.ops, "GET", "/si/dlq?"+none, "")
		if len(list.Data) != 0 {
			t.Errorf("?%s gave %+v", none, list)
		}
	}
}

func TestHeldMessagesPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		w.held(fmt.Sprintf("HP-%d", i))
	}
	var first, second listedHeld
	w.want(http.StatusOK, &first, w.ours.ops, "GET", "/si/dlq?limit=2", "")
	if len(first.Data) != 2 || first.NextCursor == nil {
		t.Fatalf("%+v", first)
	}
	w.want(http.StatusOK, &second, w.ours.ops, "GET", "/si/dlq?limit=2&cursor="+*first.NextCursor, "")
	if len(second.Data) != 1 || second.NextCursor != nil || second.Data[0].MessageID == first.Data[1].MessageID {
		t.Errorf("%+v", second)
	}
}

func TestAReplayedMessageRunsToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.held("REPLAY-1")
	running := w.submitted("REPLAY-2")
	var done replayed
	w.want(http.StatusOK, &done, w.ours.ops, "POST", "/si/dlq/replay", fmt.Sprintf(`{"ids":[%q,%q]}`, h.MessageID, running.MessageID))
	if len(done.Replayed) != 1 || done.Replayed[0] != string(h.MessageID) || len(done.Refused) != 1 || done.Refused[0].Code != "not_held" {
		t.Fatalf("%+v", done)
	}
	w.walk(h.MessageID)
	if s := w.read(h.ID); s.Status != "COMPLETED" || s.HeldReason != nil {
		t.Errorf("%+v", s)
	}
	if n := w.count(`SELECT COUNT(*) FROM audit WHERE action = 'message.replay' AND subject = $1 AND actor LIKE 'key_%'`, h.MessageID); n != 1 {
		t.Errorf("%d audit entries", n)
	}
}

func TestReplayByFilterGoesOnBehindWhatItMet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		w.held(fmt.Sprintf("RF-%d", i))
	}
	var done replayed
	w.want(http.StatusOK, &done, w.ours.ops, "POST", "/si/dlq/replay", `{"filter":{"reason":"cannot_tell"},"limit":2,"resend":true}`)
	if len(done.Replayed)+len(done.Refused) != 2 || done.NextCursor == nil {
		t.Fatalf("%+v", done)
	}
	var rest replayed
	w.want(http.StatusOK, &rest, w.ours.ops, "POST", "/si/dlq/replay", fmt.Sprintf(`{"filter":{},"limit":2,"cursor":%q}`, *done.NextCursor))
	if len(rest.Replayed) != 1 || rest.NextCursor != nil {
		t.Errorf("%+v", rest)
	}
}

func TestAReplayMustSayWhat(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.held("WHAT-1")
	for body, code := range map[string]string{
		``: "nothing_selected", `{}`: "nothing_selected", `{"resend":true}`: "nothing_selected",
		`{"ids":["` + string(h.MessageID) + `"],"filter":{}}`: "ids_alone",
		`{"ids":[]}`: "min_items", `{"ids":["inv_1"]}`: "pattern", `{"filter":{"reasn":"x"}}`: "unknown_field", `{"filter":{},"limit":501}`: "maximum",
	} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.ops, "POST", "/si/dlq/replay", body)
		if len(p.Errors) != 1 || p.Errors[0].Code != code || p.Errors[0].Fix == "" {
			t.Errorf("%s: %+v, want %s", body, p.Errors, code)
		}
	}
	if s := w.read(h.ID); s.HeldReason == nil {
		t.Error("a refused replay released the message")
	}
}

func TestAPersonsResolutionSettlesWithEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for outcome, status := range map[string]string{"COMPLETED": "COMPLETED", "REJECTED": "REJECTED", "FAILED": "FAILED"} {
		w.host.script(schemas.OpInvoiceSign, domain.ClassUnknownOutcome)
		w.host.script(schemas.OpInvoiceLookup, domain.ClassInternal)
		s := w.submitted("RES-" + outcome)
		w.walk(s.MessageID)
		path := "/si/messages/" + string(s.MessageID) + "/resolve"
		body := fmt.Sprintf(`{"outcome":%q,"evidence":"Seen in the portal by A. Ade."}`, outcome)
		w.clock.Add(time.Hour)
		w.want(http.StatusOK, nil, w.ours.ops, "POST", path, body)
		if got := w.read(s.ID); got.Status != status || got.HeldReason != nil {
			t.Errorf("%s: %+v", outcome, got)
		}
		w.refused(http.StatusConflict, "not_held", w.ours.ops, "POST", path, body)
	}
	if n := w.count(`SELECT COUNT(*) FROM audit WHERE action LIKE 'message.resolve.%' AND detail = 'Seen in the portal by A. Ade.'`); n != 3 {
		t.Errorf("%d audit entries", n)
	}
}

func TestAResolutionWaitsUntilTheRequestHasSettled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.held("SETTLE-1")
	p := w.refused(http.StatusConflict, "settling", w.ours.ops, "POST", "/si/messages/"+string(h.MessageID)+"/resolve",
		`{"outcome":"FAILED","evidence":"The authority says no."}`)
	if p.SettlesAt == "" {
		t.Errorf("%+v", p)
	}
}

func TestAResolutionNeedsOutcomeAndEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.held("EVID-1")
	path := "/si/messages/" + string(h.MessageID) + "/resolve"
	p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.ops, "POST", path, `{"outcome":"DONE","evidence":"ok"}`)
	if len(p.Errors) != 2 {
		t.Errorf("%+v", p.Errors)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.ops, "POST", path, "")
	w.refused(http.StatusNotFound, "message_not_found", w.ours.ops, "POST", "/si/messages/msg_x/resolve", `{"outcome":"FAILED","evidence":"It was not there."}`)
}
