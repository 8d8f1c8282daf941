package simclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simclient"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errConnection = errors.New("the connection cannot be opened")

// shop is a merchant of wave whose stand-in is h.
func shop(t *testing.T, h http.Handler) simclient.Merchant {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	vendor, err := httpclient.New(httpclient.Options{BaseURL: server.URL, Timeout: 10 * time.Second, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return simclient.Merchant{
		Client:  simclient.Client{Send: vendor.Do, Refused: (*httpclient.Response).Failure},
		Sandbox: true, Country: "CI", Currency: "XOF", Account: "shop",
	}
}

// operator is wave, with one merchant whatever the connection.
func operator(m simclient.Merchant, err error) simclient.Operator {
	return simclient.Operator{Name: "wave", Open: func(context.Context, *sdk.Connection) (simclient.Merchant, error) { return m, err }}
}

func network(t *testing.T) *simnet.Network {
	t.Helper()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	n := simnet.New(simnet.Options{Now: func() time.Time { return at }})
	t.Cleanup(func() { _ = n.Close() }) // never fails
	return n
}

func call(t *testing.T, o simclient.Operator, name, parameters string) (string, error) {
	t.Helper()
	handler := o.OperationsWithFloat()["wave."+name]
	if handler == nil {
		t.Fatalf("there is no operation wave.%s", name)
	}
	out, err := handler(t.Context(), &sdk.Call{Operation: "wave." + name, Parameters: json.RawMessage(parameters)})
	return string(out), err
}

func TestTheOperationsAreNamedAfterTheOperator(t *testing.T) {
	t.Parallel()
	o := operator(simclient.Merchant{}, nil)
	six := []string{"wave.answer_prompt", "wave.list_prompts", "wave.list_sims", "wave.put_sim", "wave.remove_sim", "wave.set_policy"}
	if got := slices.Sorted(maps.Keys(o.Operations())); !slices.Equal(got, six) {
		t.Errorf("operations %v", got)
	}
	if got := slices.Sorted(maps.Keys(o.OperationsWithFloat())); !slices.Equal(got, slices.Insert(six, 3, "wave.put_float")) {
		t.Errorf("with float %v", got)
	}
}

// TestTheOperationsWorkTheNetwork holds both ends of the wire to each other.
func TestTheOperationsWorkTheNetwork(t *testing.T) {
	t.Parallel()
	n := network(t)
	o := operator(shop(t, n.Handler()), nil)
	begin := func() {
		if _, err := n.Begin(simnet.Order{
			Operator: "wave", Reference: "a/b", Kind: simnet.Collect, Account: "shop", Number: "+2250701234567", Country: "CI", Currency: "XOF", Amount: 500, Text: "Two beers",
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, parameters, want string
		before                 func()
	}{
		{"put_sim", `{"msisdn":"+2250701234567","balance":900,"name":"Ada"}`,
			`{"msisdn":"+2250701234567","country":"CI","currency":"XOF","name":"Ada","balance":900,"blocked":false,"pin":"1234"}`, nil},
		{"put_sim", `{"msisdn":"+2290195123456","country":"BJ","currency":"USD","blocked":true,"pin":"9999"}`,
			`{"msisdn":"+2290195123456","country":"BJ","currency":"USD","balance":0,"blocked":true,"pin":"9999"}`, nil},
		{"list_sims", `{"limit":1}`,
			`{"sims":[{"msisdn":"+2250701234567","country":"CI","currency":"XOF","name":"Ada","balance":900,"blocked":false,"pin":"1234"}]}`, nil},
		{"list_sims", `{"after":"+2250701234567"}`,
			`{"sims":[{"msisdn":"+2290195123456","country":"BJ","currency":"USD","balance":0,"blocked":true,"pin":"9999"}]}`, nil},
		{"list_sims", `{"msisdn":"+2250799999999"}`, `{"sims":[]}`, nil},
		{"list_prompts", `{"msisdn":"+2290195123456"}`, `{"prompts":[]}`, begin},
		{"list_prompts", `{"msisdn":"+2250701234567","after":"+999"}`,
			`{"prompts":[{"operatorReference":"a/b","msisdn":"+2250701234567","amount":500,"currency":"XOF","text":"Two beers","expiresAt":"2026-11-23T11:00:00Z"}]}`, nil},
		{"answer_prompt", `{"operatorReference":"a/b","answer":"approve","pin":"0000"}`, `{"status":"` + string(schemas.PaymentPINInvalid) + `"}`, nil},
		{"remove_sim", `{"msisdn":"+2290195123456"}`, `{}`, nil},
		{"put_float", `{"balance":42}`, `{}`, nil},
		{"set_policy", `{"policy":"passthrough"}`, `{}`, nil},
	} {
		if c.before != nil {
			c.before()
		}
		if got, err := call(t, o, c.name, c.parameters); err != nil || got != c.want {
			t.Errorf("%s %s answered %s, %v; want %s", c.name, c.parameters, got, err, c.want)
		}
	}
	if _, err := n.SIM("wave", "+2290195123456"); !errors.Is(err, simnet.ErrNoSIM) {
		t.Errorf("the SIM is still there: %v", err)
	}
	if got := n.Float("wave", "shop", "XOF"); got != 42 {
		t.Errorf("the float is %d", got)
	}
}

func TestWhatTheStandInRefusesKeepsItsClass(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
	}
	standIn := network(t).Handler()
	for name, c := range map[string]struct {
		at    http.Handler
		class sdk.Class
		code  string
		says  string
	}{
		"no such SIM":           {standIn, sdk.Rejected, "not_found", "the stand-in says: there is no SIM"},
		"bad input":             {answer(422, `{"error":"pin: give 4 to 6 digits"}`), sdk.Invalid, "refused_by_simulator", "the stand-in says: pin"},
		"the operator's own":    {answer(404, `{"message":"Resource not found"}`), sdk.Unsupported, "no_simulator", "not the stand-in's"},
		"a page":                {answer(403, `<html>`), sdk.Unsupported, "no_simulator", "not the stand-in's"},
		"too many":              {answer(429, `{"error":"slow"}`), sdk.RateLimited, "vendor_rate_limit", ""},
		"unknown keys":          {answer(401, `{"error":"who"}`), sdk.Unauthorized, "vendor_unauthorized", ""},
		"unavailable":           {answer(503, `{"error":"down"}`), sdk.Unavailable, "vendor_unavailable", ""},
		"success it cannot say": {answer(200, `<html>`), "", "", ""}, // what is removed has no body to read
	} {
		_, err := call(t, operator(shop(t, c.at), nil), "remove_sim", `{"msisdn":"+2250701234567"}`)
		var e *sdk.Error
		switch {
		case c.class == "" && err == nil:
		case !errors.As(err, &e) || e.Class != c.class || e.Code != c.code || !strings.Contains(e.Error(), c.says):
			t.Errorf("%s: %v, want %s %s", name, err, c.class, c.code)
		}
	}
}

func TestNoCallOfProductionReachesAStandIn(t *testing.T) {
	t.Parallel()
	m := shop(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("it was asked: %s %s", r.Method, r.URL) }))
	m.Sandbox = false
	o := operator(m, nil)
	for operation := range o.OperationsWithFloat() {
		_, err := call(t, o, strings.TrimPrefix(operation, "wave."), `{}`)
		var e *sdk.Error
		if !errors.As(err, &e) || e.Class != sdk.Unsupported || e.Code != "sandbox_only" || !strings.Contains(e.Message, operation) {
			t.Errorf("%s: %v", operation, err)
		}
		if _, err := call(t, operator(m, errConnection), strings.TrimPrefix(operation, "wave."), `{}`); !errors.Is(err, errConnection) {
			t.Errorf("%s on a connection that does not open: %v", operation, err)
		}
	}
}
