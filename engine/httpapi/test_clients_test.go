package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/plugins/simnet"
)

// shownClient is what tests read of a test client.
type shownClient struct {
	MSISDN, Operator, Country, Currency, Status string
	Name, PIN                                   *string
	Balance                                     int64
}

const (
	clients = "/si/test-clients"
	awa     = "+2250501234567"
)

func TestATestClientLivesInTheOperatorsSandbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mtn(w.ours, "CI")
	var c shownClient
	w.want(http.StatusCreated, &c, w.ours.write, "POST", clients, `{"msisdn":"`+awa+`","name":"Awa","balance":50000}`)
	if c.Operator != "mtn" || c.Country != "CI" || c.Currency != "XOF" || c.Status != "active" || c.Balance != 50000 || *c.Name != "Awa" || *c.PIN != "1234" {
		t.Errorf("%+v", c)
	}
	w.want(http.StatusOK, &c, w.ours.write, "PUT", clients+"/%2B2250501234567", `{"balance":70,"status":"blocked","pin":"4711"}`)
	s, err := w.host.phones.SIM("mtn", awa)
	want := simnet.SIM{Operator: "mtn", Number: awa, Country: "CI", Currency: "XOF", Name: "Awa", Balance: 70, Blocked: true, PIN: "4711"}
	if err != nil || s != want {
		t.Errorf("%+v, %v", s, err)
	}
	w.want(http.StatusOK, &c, w.ours.write, "PUT", clients+"/"+awa, `{"balance":80}`) // it stays blocked
	w.want(http.StatusOK, &c, w.ours.read, "GET", clients+"/"+awa, "")
	if c.Status != "blocked" || c.Balance != 80 || *c.PIN != "4711" {
		t.Errorf("%+v", c)
	}
	w.want(http.StatusOK, nil, w.ours.write, "DELETE", clients+"/"+awa, "")
	w.refused(http.StatusNotFound, "test_client_not_found", w.ours.read, "GET", clients+"/"+awa, "")
	w.refused(http.StatusNotFound, "test_client_not_found", w.ours.write, "DELETE", clients+"/"+awa, "")
	w.refused(http.StatusNotFound, "test_client_not_found", w.ours.write, "PUT", clients+"/"+awa, `{"balance":1}`)
}

// The currency of a new SIM is that of the corridor, and the connection that is
// asked too.
func TestATestClientIsOfItsCorridor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mtn(w.ours, "CI")
	rwanda := w.mtn(w.ours, "RW")
	var c shownClient
	w.want(http.StatusCreated, &c, w.ours.write, "POST", clients, `{"msisdn":"+250788123456","balance":1}`)
	if c.Country != "RW" || c.Currency != "RWF" {
		t.Errorf("%+v", c)
	}
	w.want(http.StatusCreated, nil, w.ours.write, "PUT", "/si/corridors/mtn/RW", `{"currency":"EUR"}`)
	w.want(http.StatusCreated, &c, w.ours.write, "POST", clients, `{"msisdn":"+250788123456","balance":1}`)
	calls := w.host.called("mtn.put_sim")
	if c.Currency != "EUR" || calls[len(calls)-1].Connection.ID != rwanda {
		t.Errorf("%+v by %+v", c, calls)
	}
	// Numbers that tell nothing are whose the caller says they are.
	w.want(http.StatusCreated, &c, w.ours.write, "POST", clients, `{"msisdn":"+33612345678","operator":"mtn","country":"CI","balance":1}`)
	if c.Operator != "mtn" || c.Country != "CI" {
		t.Errorf("%+v", c)
	}
	w.want(http.StatusOK, nil, w.ours.read, "GET", clients+"/+33612345678?operator=mtn&country=CI", "")
}

func TestATestClientIsRefusedWithEachFaultNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mtn(w.ours, "CI")
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", clients, `{}`, "required@/balance required@/msisdn"},
		{"POST", clients, `{"msisdn":"0501234567","balance":-1,"status":"dead","pin":"x"}`, "minimum@/balance pattern@/msisdn pattern@/pin enum@/status"},
		{"POST", clients, `{"msisdn":"+33612345678","balance":1.5}`, "type@/balance country_undetermined@/country country_undetermined@/operator"},
		{"POST", clients, `{"msisdn":"+2290192123456","balance":1}`, "operator_undetermined@/operator"}, // Celtiis
		{"PUT", clients + "/" + awa, `{"status":"blocked"}`, "required@/balance"},
		{"GET", clients + "/+2290192123456", "", "operator_undetermined@/query/operator"},
		{"GET", clients + "/0501234567?operator=wave", "", "msisdn_form@/path/msisdn enum@/query/operator"},
		{"GET", clients + "?cursor=x&operator=y", "", "cursor@/query/cursor enum@/query/operator"},
		{"POST", clients + "/" + awa + "/prompts/1", `{"pin":"12"}`, "required@/answer pattern@/pin"},
	} {
		code := "invalid_body"
		if c.body == "" {
			code = "invalid_query"
		}
		p := w.refused(http.StatusUnprocessableEntity, code, w.ours.write, c.method, c.path, c.body)
		if got := faultsOf(t, p); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.path, c.body, got, c.want)
		}
	}
	if n := len(w.host.called("mtn.put_sim")); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestAPromptIsAnsweredAsItsOwnerWould(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mtn(w.ours, "CI")
	const other = "+2250507654321"
	for _, number := range []string{awa, other} {
		w.want(http.StatusCreated, nil, w.ours.write, "POST", clients, `{"msisdn":"`+number+`","balance":50000,"pin":"4711"}`)
	}
	var list struct {
		Data []struct {
			ID, Currency, ExpiresAt string
			Text                    *string
			Amount                  int64
		}
	}
	path := clients + "/" + awa + "/prompts"
	w.want(http.StatusOK, &list, w.ours.read, "GET", path, "")
	if len(list.Data) != 0 {
		t.Errorf("%+v", list)
	}
	for _, c := range []struct{ id, body, want string }{
		{"pay-1", `{"answer":"approve"}`, "SUCCESS"},
		{"pay-2", `{"answer":"approve","pin":"4711"}`, "SUCCESS"},
		{"pay-3", `{"answer":"approve","pin":"0000"}`, "PIN_INVALID"},
		{"pay-4", `{"answer":"wrong_pin"}`, "PIN_INVALID"},
		{"pay-5", `{"answer":"refuse"}`, "USER_CANCELLED"},
	} {
		w.host.phones.prompt(t, awa, c.id, 1000)
		w.want(http.StatusOK, &list, w.ours.read, "GET", path, "")
		if len(list.Data) != 1 || list.Data[0].ID != c.id || list.Data[0].Amount != 1000 || list.Data[0].Currency != "XOF" || *list.Data[0].Text != "Pay the shop" {
			t.Errorf("%+v", list)
		}
		w.refused(http.StatusNotFound, "prompt_not_found", w.ours.write, "POST", clients+"/"+other+"/prompts/"+c.id, c.body)
		var ended struct{ ID, Status string }
		w.want(http.StatusOK, &ended, w.ours.write, "POST", path+"/"+c.id, c.body)
		if ended.ID != c.id || ended.Status != c.want {
			t.Errorf("%+v, want %s", ended, c.want)
		}
		w.refused(http.StatusNotFound, "prompt_not_found", w.ours.write, "POST", path+"/"+c.id, c.body)
	}
	if s, _ := w.host.phones.SIM("mtn", awa); s.Balance != 48000 {
		t.Errorf("%d are left", s.Balance)
	}
}

func TestTestClientsAreListedByPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mtn(w.ours, "CI")
	w.mtn(w.ours, "RW") // of the same stand-in: nobody is listed twice
	for _, number := range []string{"+2250501234567", "+250788123456", "+2250501234568"} {
		w.want(http.StatusCreated, nil, w.ours.write, "POST", clients, `{"msisdn":"`+number+`","balance":1}`)
	}
	for _, filter := range []string{"", "&operator=mtn"} {
		seen, cursor := "", ""
		for range 4 {
			var list struct {
				Data       []shownClient
				NextCursor *string
			}
			w.want(http.StatusOK, &list, w.ours.read, "GET", clients+"?limit=1"+filter+cursor, "")
			for _, c := range list.Data {
				seen += c.MSISDN
			}
			if list.NextCursor == nil {
				break
			}
			cursor = "&cursor=" + *list.NextCursor
		}
		if seen != "+2250501234567+2250501234568+250788123456" {
			t.Errorf("%s: %s", filter, seen)
		}
	}
}

func TestTestClientsAreRefusedWhereThereIsNoSandboxToAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	live := w.tenant("Live", domain.Production)
	w.mtn(live, "CI")
	var list struct{ Data []shownClient }
	w.want(http.StatusOK, &list, w.ours.read, "GET", clients, "") // connected to no operator
	if list.Data == nil || len(list.Data) != 0 {
		t.Errorf("%+v", list)
	}
	one := clients + "/" + awa
	for _, c := range []struct{ method, path, body string }{
		{"POST", clients, `{"msisdn":"` + awa + `","balance":1}`}, {"GET", clients + "?operator=mtn", ""}, {"GET", one, ""}, {"PUT", one, `{"balance":1}`},
		{"DELETE", one, ""}, {"GET", one + "/prompts", ""}, {"POST", one + "/prompts/x", `{"answer":"approve"}`},
	} {
		w.refused(http.StatusConflict, "sandbox_only", live.write, c.method, c.path, c.body)
		p := w.refused(http.StatusNotFound, "operator_not_connected", w.ours.write, c.method, c.path, c.body)
		if !strings.Contains(p.Detail, "mtn") {
			t.Errorf("%s", p.Detail)
		}
	}
	connection := w.mtn(w.ours, "CI")
	w.host.script("mtn.list_sims", domain.ClassUnavailable)
	w.refused(http.StatusServiceUnavailable, "scripted", w.ours.read, "GET", one, "")
	operations := w.host.phones.manifest.Operations
	bare := *w.host.phones.manifest
	w.host.phones.manifest = &bare
	bare.Operations = operations[:5] // those of payments alone
	w.refused(http.StatusConflict, "test_clients_unsupported", w.ours.read, "GET", one, "")
	w.want(http.StatusOK, nil, w.ours.read, "GET", clients, "")
	w.refused(http.StatusConflict, "test_clients_unsupported", w.ours.read, "GET", clients+"?operator=mtn", "")
	w.want(http.StatusOK, nil, w.ours.write, "POST", "/si/connections/"+string(connection)+"/disable", "")
	w.refused(http.StatusNotFound, "operator_not_connected", w.ours.read, "GET", one, "")
}
