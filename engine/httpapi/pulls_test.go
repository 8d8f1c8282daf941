package httpapi_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/pull"
	"github.com/afara-dev/afara/engine/registry"
	"github.com/afara-dev/afara/schemas"
)

// pulled tells the reader of streams which connections there are.
type pulled struct{ *registry.Service }

func (p pulled) Open(ctx context.Context) (open []pull.Connection, err error) {
	list, err := p.List(ctx, "")
	for _, c := range list {
		if c.Enabled && c.Paused == nil {
			open = append(open, pull.Connection{Ref: c.Ref(), Environment: c.Environment, Every: c.PollEvery})
		}
	}
	return open, err
}

func (p pulled) Reopen(_ context.Context, c pull.Connection) (pull.Connection, bool, error) {
	return c, true, nil
}

// pull reads all streams that are due.
func (w *world) pull() {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.pulls.Run(ctx)
	}()
	defer func() { cancel(); <-done }()
	deadline := time.After(20 * time.Second)
	for {
		list, err := w.pulls.Runs(ctx, pull.Filter{Environment: w.ours.environment.ID, Connection: w.newest(), Limit: 1})
		must(w.t, err)
		if len(list) > 0 && list[0].State == pull.StateDone {
			return
		}
		select {
		case <-deadline:
			w.t.Fatalf("nothing was read: %+v", list)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// newest is our connection that was made last.
func (w *world) newest() domain.ConnectionID {
	list, err := w.registry.List(w.t.Context(), w.ours.environment.ID)
	must(w.t, err)
	return list[len(list)-1].ID
}

type runAnswer struct {
	ID, Stream, Cause, Actor, State string
	StartedAt, EndedAt              *string
	RecordsRead, RecordsNew         int
	Remaining                       *int
	Error                           *struct{ Class, Code, Message string }
}

func TestAConnectionIsReadWhenAPersonAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/si/connections/" + string(w.ours.connection)
	var asked, again struct{ Runs []runAnswer }
	w.want(202, &asked, w.ours.write, "POST", path+"/sync", "")
	w.want(202, &again, w.ours.write, "POST", path+"/sync", `{"stream":"items"}`)
	if len(asked.Runs) != 1 || asked.Runs[0].State != "queued" || asked.Runs[0].Cause != "manual" || again.Runs[0].ID != asked.Runs[0].ID || asked.Runs[0].Actor == "" {
		t.Fatalf("%+v, %+v", asked, again)
	}
	w.pull()
	var runs struct{ Data []runAnswer }
	w.want(200, &runs, w.ours.read, "GET", path+"/runs", "")
	if r := runs.Data[0]; len(runs.Data) != 1 || r.ID != asked.Runs[0].ID || r.State != "done" || r.RecordsRead != 3 || r.RecordsNew != 3 || *r.Remaining != 0 || r.EndedAt == nil || r.Error != nil {
		t.Errorf("%+v", runs)
	}
	var first, second struct {
		Data []struct {
			ID, Key, Digest string
			Version         int
			Document        struct{ Number int }
			RunID           string
		}
		NextCursor *string
	}
	w.want(200, &first, w.ours.read, "GET", path+"/records?stream=items&limit=2", "")
	w.want(200, &second, w.ours.read, "GET", path+"/records?stream=items&limit=2&cursor="+*first.NextCursor, "")
	if r := first.Data[0]; len(first.Data) != 2 || r.Key != "item-3" || r.Document.Number != 3 || r.Version != 1 || r.RunID != runs.Data[0].ID || r.Digest != schemas.DigestOf([]byte(`{"number":3}`)).String() {
		t.Errorf("%+v", first)
	}
	if len(second.Data) != 1 || second.Data[0].Key != "item-1" || second.NextCursor != nil {
		t.Errorf("%+v", second)
	}
	if n := w.count(`SELECT COUNT(*) FROM audit WHERE action = 'connection.sync' AND detail = 'items'`); n != 1 {
		t.Errorf("%d entries of the audit, want one for the run that was asked for", n)
	}
}

func TestAPreviewShowsRecordsAndLeavesNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/si/connections/" + string(w.ours.connection)
	w.want(200, nil, w.ours.write, "POST", path+"/disable", "")
	var seen struct {
		Records []struct {
			Key, OccurredAt string
			Document        struct{ Number int }
		}
		CaughtUp  bool
		Remaining int
	}
	w.want(200, &seen, w.ours.write, "POST", path+"/preview", `{"stream":"items","limit":2}`)
	if len(seen.Records) != 2 || seen.Records[1].Key != "item-2" || seen.Records[1].Document.Number != 2 || seen.CaughtUp || seen.Remaining != 1 || seen.Records[0].OccurredAt == "" {
		t.Errorf("%+v", seen)
	}
	if p := w.host.pulls[0]; !p.Preview || p.Limit != 2 {
		t.Errorf("%+v", p)
	}
	var list struct{ Data []any }
	w.want(200, &list, w.ours.read, "GET", path+"/records?stream=items", "")
	w.want(200, &list, w.ours.read, "GET", path+"/runs", "")
	if len(list.Data) != 0 {
		t.Errorf("%+v", list)
	}
	w.host.script("pull.items", domain.ClassUnauthorized)
	w.refused(http.StatusConflict, "scripted", w.ours.write, "POST", path+"/preview", `{"stream":"items"}`)
	w.host.away = true
	w.refused(http.StatusServiceUnavailable, "connector_not_ready", w.ours.write, "POST", path+"/preview", `{"stream":"items"}`)
}

func TestWhatCannotBeReadIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/si/connections/" + string(w.ours.connection)
	w.refused(422, "invalid_body", w.ours.write, "POST", path+"/sync", `{"stream":"nothing"}`)
	w.refused(422, "invalid_body", w.ours.write, "POST", path+"/preview", `{"stream":"nothing"}`)
	w.refused(422, "invalid_body", w.ours.write, "POST", path+"/preview", `{"stream":"items","limit":101}`)
	w.refused(422, "invalid_query", w.ours.read, "GET", path+"/records", "")
	w.refused(422, "invalid_query", w.ours.read, "GET", path+"/runs?cursor=rec_1", "")
	w.refused(403, "scope_missing", w.ours.read, "POST", path+"/sync", "")
	w.want(200, nil, w.ours.write, "POST", path+"/disable", "")
	w.refused(409, "connection_disabled", w.ours.write, "POST", path+"/sync", "")
	var c struct{ PollEverySeconds int }
	w.want(200, &c, w.ours.write, "PUT", path, `{"pollEverySeconds":0}`)
	if c.PollEverySeconds != 0 {
		t.Errorf("%+v", c)
	}
	w.refused(422, "invalid_body", w.ours.write, "PUT", path, `{"pollEverySeconds":4}`)
	w.want(200, &c, w.ours.write, "PUT", path, `{"pollEverySeconds":5}`)
	if c.PollEverySeconds != 5 {
		t.Errorf("%+v", c)
	}
}
