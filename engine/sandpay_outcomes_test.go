package engine_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/plugins/simnet"
)

// Chapters 5 and 7, over every operator: the ten scenarios, the SIM registry and
// what a payer does at the prompt. Operators that push nothing are asked.
func TestSandpayOutcomesOfEveryOperator(t *testing.T) {
	t.Parallel()
	m := openRegion(t, false)
	asked := map[string]map[string]paid{}
	for _, p := range places() {
		asked[p.name] = map[string]paid{}
		for scenario := range simnet.Scenarios() {
			asked[p.name][scenario] = m.collectAt(p, scenario, with("scenario", scenario))
		}
	}
	for _, p := range places() {
		for scenario, s := range simnet.Scenarios() {
			m.holds("7 scenario "+scenario+" of "+p.name+" ends as "+string(s.Outcome), func(m *market) {
				got := m.ended(asked[p.name][scenario].ID)
				if got.Status != string(s.Outcome) || got.LatencyMs == nil || got.Raw["_simulated"] != true {
					m.t.Errorf("ended as %+v", got)
				}
			})
		}
		m.holds("6 only success moved money of "+p.name, func(m *market) {
			sim, err := m.net.SIM(p.operator, p.number)
			if err != nil || sim.Balance != 99_900 {
				m.t.Errorf("%+v %v", sim, err)
			}
		})
		m.holds("7 without a scenario an unknown number of "+p.name+" is UNKNOWN_MSISDN", func(m *market) {
			stranger := p.number[:len(p.number)-1] + "0"
			if got := m.ended(m.collectAt(p, "stranger", with("msisdn", stranger)).ID); got.Status != "UNKNOWN_MSISDN" {
				m.t.Errorf("ended as %+v", got)
			}
		})
		m.holds("7 a balance below customerTotal of "+p.name+" is INSUFFICIENT_FUNDS", func(m *market) {
			if got := m.ended(m.collectAt(p, "poor", with("amount", 100_000)).ID); got.Status != "INSUFFICIENT_FUNDS" {
				m.t.Errorf("ended as %+v", got)
			}
		})
		m.holds("7 else "+p.name+" is PENDING until the customer confirms", func(m *market) {
			for answer, want := range map[string]string{simnet.Approve: "SUCCESS", simnet.Refuse: "USER_CANCELLED", simnet.WrongPIN: "PIN_INVALID"} {
				created := m.collectAt(p, answer)
				if created.Status != "PENDING" {
					m.t.Errorf("created as %+v", created)
				}
				m.answerAt(p, answer)
				if got := m.ended(created.ID); got.Status != want {
					m.t.Errorf("%s: ended as %+v", answer, got)
				}
			}
		})
		m.holds("7 a blocked SIM of "+p.name+" is ACCOUNT_BLOCKED", func(m *market) {
			must(m.t, m.net.PutSIM(simnet.SIM{Operator: p.operator, Number: p.number, Country: p.country, Currency: p.currency, Balance: 100_000, Blocked: true}))
			if got := m.ended(m.collectAt(p, "locked").ID); got.Status != "ACCOUNT_BLOCKED" {
				m.t.Errorf("ended as %+v", got)
			}
		})
	}
	m.holds("6 defaults are 1 %, for Moov 1.5 %, borne by the merchant", func(m *market) {
		for _, p := range places() {
			c, err := m.engine.Corridors.Corridor(m.t.Context(), m.env, p.operator, p.country)
			bps := map[bool]int64{true: 150, false: 100}[p.operator == "moov"]
			if err != nil || c.CommissionBps != bps || c.MerchantAbsorptionPct != 100 || c.UnknownMSISDNPolicy != domain.UnknownReject || c.Currency != p.currency {
				m.t.Errorf("%s: %+v %v", p.name, c, err)
			}
		}
	})
}

// Orange's web payment has the payer on a page; its notification cannot always
// be proved, so look-ups count.
func TestSandpayOutcomesOfOrangesWebPayment(t *testing.T) {
	t.Parallel()
	m := openRegion(t, true)
	p := place{"orange in CI, webpay", "orange", "CI", "XOF", "+2250707123456"}
	asked := map[string]paid{}
	for scenario := range simnet.Scenarios() {
		asked[scenario] = m.collectAt(p, scenario, with("scenario", scenario))
	}
	for scenario, s := range simnet.Scenarios() {
		m.holds("7 scenario "+scenario+" of "+p.name+" ends as "+string(s.Outcome), func(m *market) {
			if got := m.ended(asked[scenario].ID); got.Status != string(s.Outcome) || got.Raw["_simulated"] != true {
				m.t.Errorf("ended as %+v", got)
			}
		})
	}
	m.holds("7 a payer at the web payment of Orange decides too", func(m *market) {
		created := m.collectAt(p, "approved")
		m.answerAt(p, simnet.Approve)
		if got := m.ended(created.ID); got.Status != "SUCCESS" {
			m.t.Errorf("ended as %+v", got)
		}
	})
}

func TestSandpayScenarioAndExpiry(t *testing.T) {
	t.Parallel()
	m := openMarket(t, true)
	m.holds("7 an explicit scenario wins over the registry", func(m *market) {
		for number, scenario := range map[string]string{locked: "success", nobody: "success", poor: "cancelled", awa: "unknown_msisdn"} {
			want := string(simnet.Scenarios()[scenario].Outcome)
			if got := m.ended(m.collect("WINS-"+number, with("msisdn", number), with("scenario", scenario)).ID); got.Status != want {
				m.t.Errorf("%s of %s: ended as %+v", scenario, number, got)
			}
		}
	})
	m.holds("7 forced success debits a SIM that has the money and leaves any other alone", func(m *market) {
		if got := m.balance(poor); got != 10 {
			m.t.Errorf("the poor one has %d", got)
		}
		m.ended(m.collect("DEBITS", with("scenario", "success"), with("amount", 1000)).ID)
		if got := m.balance(awa); got != 99_000 {
			m.t.Errorf("the payer has %d", got)
		}
	})
	m.holds("5 a terminal status never changes", func(m *market) {
		p := m.ended(m.collect("FINAL", with("scenario", "cancelled")).ID)
		m.older(p.ID, 2*time.Hour)
		if again := m.ended(p.ID); again.Status != "USER_CANCELLED" {
			m.t.Errorf("%+v", again)
		}
	})
	m.holds("5 a prompt waits about 60 minutes, and then it is TIMEOUT", func(m *market) {
		s := m.net.Settings()
		if s.PromptSeconds != 3600 {
			m.t.Errorf("a prompt waits %d s", s.PromptSeconds)
		}
		s.PromptSeconds = 1
		must(m.t, m.net.Change(s))
		p := m.ended(m.collect("EXPIRES").ID)
		if p.Status != "TIMEOUT" || m.balance(awa) != 99_000 {
			m.t.Errorf("%+v, the payer has %d", p, m.balance(awa))
		}
		s.PromptSeconds = 3600
		must(m.t, m.net.Change(s))
	})
	m.holds("5 what was never sent is TIMEOUT after 60 minutes too, with the ordinary event", func(m *market) {
		list, err := m.engine.Registry.List(m.t.Context(), m.env)
		must(m.t, err)
		must(m.t, m.engine.Registry.Pause(m.t.Context(), list[0].ID, &domain.ConnectorError{Class: domain.ClassUnauthorized, Code: "keys_refused", Message: "for a test"}))
		p := m.collect("NEVER-SENT")
		m.older(p.ID, 59*time.Minute)
		if p = m.read(p.ID); p.Status != "PENDING" {
			m.t.Errorf("after 59 minutes %+v", p)
		}
		m.older(p.ID, time.Minute)
		if p = m.read(p.ID); p.Status != "TIMEOUT" {
			m.t.Errorf("after 60 minutes %+v", p)
		}
	})
}

// older makes a payment older, and has old ones looked for.
func (m *market) older(id string, by time.Duration) {
	m.t.Helper()
	must(m.t, m.engine.Store.Write(m.t.Context(), []store.Statement{{
		SQL: `UPDATE payment SET created_at = created_at - $1 WHERE id = $2`, Args: []any{by.Microseconds(), id}, Rows: 1,
	}}))
	_, err := m.engine.Payments.Expire(m.t.Context())
	must(m.t, err)
}

func (m *market) read(id string) (p paid) {
	m.t.Helper()
	m.call(http.MethodGet, "/v1/payments/"+id, nil, &p)
	return p
}

// collectAt is collect of 100 units at a place.
func (m *market) collectAt(p place, reference string, change ...func(map[string]any)) paid {
	m.t.Helper()
	at := func(body map[string]any) {
		body["amount"], body["currency"], body["msisdn"] = 100, p.currency, p.number
		body["operator"], body["country"] = p.operator, p.country
	}
	return m.collect(p.name+" "+reference, append([]func(map[string]any){at}, change...)...)
}

// answerAt answers the prompt on the phone of a place.
func (m *market) answerAt(p place, answer string) {
	m.t.Helper()
	asked := simnet.Filter{Operator: p.operator, Number: p.number}
	eventually(m.t, "the phone asks", func() bool { return len(m.net.Prompts(asked)) > 0 })
	_, err := m.net.Answer(p.operator, m.net.Prompts(asked)[0].Reference, answer, "")
	must(m.t, err)
}
