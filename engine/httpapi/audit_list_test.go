package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// audited is a page of the audit.
type auditPage struct {
	Data []struct {
		ID, At, Actor, Action, Subject string
		Detail                         *string
	}
	NextCursor *string
}

func (p auditPage) deeds() (out []string) {
	for _, e := range p.Data {
		out = append(out, e.Action+" "+e.Subject)
	}
	return out
}

func TestTheAuditIsReadNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clock.Add(hour)
	since := w.clock.Now()
	var ids []string
	for i := range 3 {
		var made one[webhook]
		w.want(http.StatusCreated, &made, w.ours.write, "POST", "/v1/webhooks", fmt.Sprintf(`{"url":"https://hooks.example/%d","events":["*"]}`, i))
		ids = append(ids, made.Data.ID)
		w.clock.Add(time.Minute)
	}
	w.want(http.StatusOK, nil, w.ours.write, "DELETE", "/v1/webhooks/"+ids[1], "")
	newest := []string{"webhook.delete " + ids[1], "webhook.create " + ids[2], "webhook.create " + ids[1], "webhook.create " + ids[0]}

	read := func(query string) (p auditPage) {
		t.Helper()
		w.want(http.StatusOK, &p, w.ours.ops, "GET", "/si/audit?"+query, "")
		return p
	}
	from := "since=" + since.Format(time.RFC3339)
	if got := read(from); !slices.Equal(got.deeds(), newest) || got.NextCursor != nil || got.Data[0].Actor != strings.Split(w.ours.write, ":")[0] {
		t.Errorf("%+v", got)
	}
	var walked []string
	for cursor := ""; ; {
		p := read(from + "&limit=3" + cursor)
		if walked = append(walked, p.deeds()...); p.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *p.NextCursor
	}
	if !slices.Equal(walked, newest) {
		t.Errorf("in pages: %v", walked)
	}
	for query, want := range map[string][]string{
		"subject=" + ids[1]:     {newest[0], newest[2]},
		"action=webhook.delete": newest[:1],
		"actor=key_nobody":      nil,
		from + "&until=" + since.Add(90*time.Second).Format(time.RFC3339): newest[2:],
	} {
		if got := read(query); !slices.Equal(got.deeds(), want) {
			t.Errorf("%s: %v", query, got.deeds())
		}
	}
	// Keys are made on the command line: that is seen too, and nobody else's.
	if got := read("action=key.create"); len(got.Data) == 0 || got.Data[0].Actor != "operator" || got.Data[0].Detail == nil {
		t.Errorf("%+v", got)
	}
	var other auditPage
	w.want(http.StatusOK, &other, w.theirs.ops, "GET", "/si/audit?action=webhook.create", "")
	if len(other.Data) != 0 {
		t.Errorf("another tenant reads %+v", other)
	}
	w.refused(http.StatusForbidden, "scope_missing", w.ours.write, "GET", "/si/audit", "")
}
