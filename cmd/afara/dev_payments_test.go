package main_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// shop is an integrator of the demonstration.
type shop struct {
	t        *testing.T
	api, key string
}

func newShop(t *testing.T, p *process) shop {
	t.Helper()
	last := func(line string) string {
		words := strings.Fields(line)
		return words[len(words)-1]
	}
	return shop{t, last(p.line("API  ")), last(p.line("API key"))}
}

// ask sends a request and answers its status; v takes the answer.
func (s shop) ask(method, path, body, key string, v any) int {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.api+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.StatusCode/100 == 2 && v != nil {
		if err := json.Unmarshal(raw, v); err != nil {
			s.t.Fatalf("%v: %s", err, raw)
		}
	}
	return resp.StatusCode
}

// corridors are those that the demonstration has, by country.
func (s shop) corridors() map[string]corridor {
	s.t.Helper()
	var list struct{ Data []corridor }
	if status := s.ask("GET", "/si/corridors", "", "", &list); status != http.StatusOK || len(list.Data) != 3 {
		s.t.Fatalf("%d %+v", status, list)
	}
	by := map[string]corridor{}
	for _, c := range list.Data {
		by[c.Country] = c
	}
	return by
}

type corridor struct {
	Operator, Country, Currency, ConnectionID string
	CommissionBps                             int
}

// proved fails until MTN's stand-in takes the connection of each corridor.
func (s shop) proved() {
	s.t.Helper()
	for country, c := range s.corridors() {
		eventually(s.t, "MTN's stand-in takes the connection of "+country, func() bool {
			var proof struct{ OK bool }
			return s.ask("POST", "/si/connections/"+c.ConnectionID+"/test", "", "", &proof) == http.StatusOK && proof.OK
		})
	}
}

func TestDevIsReadyForPayments(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	p, _ := dev(t, data)
	s := newShop(t, p)
	by := s.corridors()
	if by["CI"].Currency != "XOF" || by["BJ"].Currency != "XOF" || by["RW"].Currency != "RWF" || by["RW"].Operator != "mtn" {
		t.Errorf("%+v", by)
	}
	if status := s.ask("GET", "/si/stores/demo", "", "", nil); status != http.StatusOK {
		t.Errorf("the store: %d", status)
	}
	s.proved()
	var list struct {
		Data []struct {
			MSISDN  string
			Balance int
		}
	}
	if status := s.ask("GET", "/si/test-clients?operator=mtn", "", "", &list); status != http.StatusOK || len(list.Data) != 2 || list.Data[0].Balance == 0 || list.Data[1].Balance == 0 {
		t.Fatalf("%d %+v", status, list)
	}
	s.pays(by["CI"], list.Data[0].MSISDN)

	if status := s.ask("PUT", "/si/corridors/mtn/BJ", `{"commissionBps":7}`, "", nil); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	rwanda := "/si/corridors/mtn/RW"
	if status := s.ask("DELETE", rwanda, "", "", nil); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	var chosen corridor // by the country in the settings of three connections
	if status := s.ask("PUT", rwanda, "{}", "", &chosen); status != http.StatusCreated || chosen.ConnectionID != by["RW"].ConnectionID {
		t.Errorf("%d %+v", status, chosen)
	}
	if status := s.ask("DELETE", rwanda, "", "", nil); status != http.StatusOK {
		t.Errorf("%d", status)
	}
	p.interrupt()

	again, _ := dev(t, data) // on other ports
	s = newShop(t, again)
	if now := s.corridors(); now["BJ"].CommissionBps != 7 || now["RW"].CommissionBps != 100 || now["CI"].ConnectionID != by["CI"].ConnectionID {
		t.Errorf("%+v", now)
	}
	s.proved()
	again.interrupt()
}

// pays asks a test client for money through its operator, and approves as its
// owner.
func (s shop) pays(c corridor, number string) {
	s.t.Helper()
	operations := "/si/connections/" + c.ConnectionID + "/operations/"
	var prepared struct {
		Result struct{ OperatorReference string }
	}
	s.ask("POST", operations+"payment.prepare", `{"transaction":"TX_1","operation":"payment.collect","reference":"order-1"}`, "", &prepared)
	id := prepared.Result.OperatorReference
	collect := `{"operatorReference":"` + id + `","amount":1000,"currency":"XOF","country":"CI","msisdn":"` + number + `","reference":"order-1"}`
	if status := s.ask("POST", operations+"payment.collect", collect, "pay-1", nil); status != http.StatusOK || id == "" {
		s.t.Fatalf("collect %q: %d", id, status)
	}
	client := "/si/test-clients/" + number
	var prompts struct{ Data []struct{ ID string } }
	if status := s.ask("GET", client+"/prompts", "", "", &prompts); status != http.StatusOK || len(prompts.Data) != 1 || prompts.Data[0].ID != id {
		s.t.Fatalf("%d %+v", status, prompts)
	}
	var ended struct{ Status string }
	if status := s.ask("POST", client+"/prompts/"+id, `{"answer":"approve","pin":"1234"}`, "", &ended); status != http.StatusOK || ended.Status != "SUCCESS" {
		s.t.Errorf("%d %+v", status, ended)
	}
	var sim struct{ Balance int }
	if status := s.ask("GET", client, "", "", &sim); status != http.StatusOK || sim.Balance != 499_000 {
		s.t.Errorf("%d %+v", status, sim)
	}
}

// The line that is printed for a payment works as it is, and the phone's answer
// reaches the engine by the operator's push.
func TestDevShowsEachStepOfAPastedPayment(t *testing.T) {
	t.Parallel()
	p, _ := dev(t, t.TempDir())
	s := newShop(t, p)
	line := p.line("curl ", "/v1/payments")
	paste(t, line, `"status":"PENDING"`)
	var prompts struct{ Data []struct{ ID string } }
	eventually(t, "the phone asks", func() bool {
		return s.ask(http.MethodGet, "/si/test-clients/+2250501234567/prompts", "", "", &prompts) == http.StatusOK && len(prompts.Data) > 0
	})
	if status := s.ask(http.MethodPost, "/si/test-clients/+2250501234567/prompts/"+prompts.Data[0].ID, `{"answer":"approve","pin":"1234"}`, "", nil); status != http.StatusOK {
		t.Fatalf("approve: %d", status)
	}
	var list struct{ Data []struct{ ID, Status string } }
	eventually(t, "the payment succeeds", func() bool {
		return s.ask(http.MethodGet, "/v1/payments", "", "", &list) == http.StatusOK && len(list.Data) == 1 && list.Data[0].Status == "SUCCESS"
	})
	for _, step := range []string{"accepted", "prepared", "pending", "submitted"} {
		p.line(list.Data[0].ID, step)
	}
}
