package httpapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/msisdn"
)

// testClientView is a SIM of the sandbox.
type testClientView struct {
	MSISDN   string  `json:"msisdn"`
	Operator string  `json:"operator"`
	Country  string  `json:"country"`
	Currency string  `json:"currency"`
	Name     *string `json:"name"`
	Balance  int64   `json:"balance"`
	Status   string  `json:"status"`
	// PIN is null where the operator's stand-in has none.
	PIN *string `json:"pin"`
}

// The statuses of a test client.
const (
	clientActive  = "active"
	clientBlocked = "blocked"
)

func viewTestClient(s sim) testClientView {
	v := testClientView{
		MSISDN: s.MSISDN, Operator: s.operator, Country: s.Country, Currency: s.Currency, Name: text(s.Name), Balance: s.Balance, Status: clientActive, PIN: text(s.PIN),
	}
	if s.Blocked {
		v.Status = clientBlocked
	}
	return v
}

// testClientRequest is what a caller says of a test client; what is nil stays as
// it is, or takes its default on a new one.
type testClientRequest struct {
	MSISDN   string  `json:"msisdn"`
	Operator string  `json:"operator"`
	Country  string  `json:"country"`
	Name     *string `json:"name"`
	Balance  int64   `json:"balance"`
	Status   *string `json:"status"`
	PIN      *string `json:"pin"`
}

func (in testClientRequest) lay(s sim) sim {
	s.Balance = in.Balance
	if in.Name != nil {
		s.Name = *in.Name
	}
	if in.Status != nil {
		s.Blocked = *in.Status == clientBlocked
	}
	if in.PIN != nil {
		s.PIN = *in.PIN
	}
	return s
}

// postTestClient registers a number, or registers it anew.
func (a *api) postTestClient(w http.ResponseWriter, r *http.Request) error {
	if err := inSandbox(r); err != nil {
		return err
	}
	var in testClientRequest
	form, _, err := a.decodeForm(r, bodyTestClient, &in)
	if err != nil {
		return err
	}
	var faults []domain.FieldError
	if number, err := msisdn.Parse(in.MSISDN); err == nil {
		in.Operator, in.Country, faults = whose(number, in.Operator, in.Country, "/")
	}
	if err := refusedForm(form, faults); err != nil {
		return err
	}
	o, err := a.operator(r, in.Operator, in.Country)
	if err != nil {
		return err
	}
	put, err := o.put(r.Context(), in.lay(sim{MSISDN: in.MSISDN, Country: in.Country, Currency: o.currency}))
	if err != nil {
		return err
	}
	return answer(w, http.StatusCreated, viewTestClient(put))
}

// refusedForm is the refusal of a body for its form and for what it says; nil
// when there is nothing to refuse.
func refusedForm(form domain.Form, faults []domain.FieldError) error {
	all, more := form.Join(faults)
	if len(all) == 0 {
		return nil
	}
	e := invalidBody(all)
	if more > 0 {
		e.Extra = map[string]any{"moreErrors": more}
	}
	return e
}

// listTestClients lists the numbers of one operator after those of another, so
// that each page asks as few of them as it can.
func (a *api) listTestClients(w http.ResponseWriter, r *http.Request) error {
	if err := inSandbox(r); err != nil {
		return err
	}
	q := newQuery(r)
	limit, chosen := q.count("limit", 50, maxList), q.oneOf("operator", operators()...)
	from, number := clientCursor(q)
	if err := queryError(q.faults); err != nil {
		return err
	}
	all, err := a.simOperators(r)
	if err != nil {
		return err
	}
	all = slices.CompactFunc(all, func(a, b simOperator) bool { return a.name == b.name })
	all = slices.DeleteFunc(all, func(o simOperator) bool { return o.name < from || chosen != "" && o.name != chosen })
	if chosen >= from && chosen != "" && len(all) == 0 {
		return notConnected(chosen)
	}
	var list []sim
	for _, o := range all {
		after := ""
		if o.name == from {
			after = number
		}
		more, err := o.list(r.Context(), "", after, limit+1-len(list))
		if err != nil && (chosen != "" || !errors.Is(err, errNoClients)) {
			return err
		}
		if list = append(list, more...); len(list) > limit {
			break
		}
	}
	views, next := paged(list, limit, viewTestClient, func(s sim) string { return s.operator + ":" + strings.TrimPrefix(s.MSISDN, "+") })
	return answer(w, http.StatusOK, page[testClientView]{views, text(next)})
}

// clientCursor is the last test client of the page before.
func clientCursor(q *query) (operator, number string) {
	v := q.text("cursor")
	if v == "" {
		return "", ""
	}
	operator, digits, _ := strings.Cut(v, ":")
	if _, err := msisdn.Parse("+" + digits); err != nil || !slices.Contains(operators(), operator) {
		q.fault("cursor", "cursor", "The value is no cursor of this list.", "Copy nextCursor of the page before.")
	}
	return operator, "+" + digits
}

func (a *api) getTestClient(w http.ResponseWriter, r *http.Request) error {
	_, found, err := a.testClient(r)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, viewTestClient(found))
}

// putTestClient changes what the body names. The balance is always named: it may
// have moved since it was read.
func (a *api) putTestClient(w http.ResponseWriter, r *http.Request) error {
	var in testClientRequest
	if _, err := a.decode(r, bodyTestClientChange, &in); err != nil {
		return err
	}
	o, found, err := a.testClient(r)
	if err != nil {
		return err
	}
	put, err := o.put(r.Context(), in.lay(found))
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, viewTestClient(put))
}

func (a *api) deleteTestClient(w http.ResponseWriter, r *http.Request) error {
	o, found, err := a.testClient(r)
	if err != nil {
		return err
	}
	if err := o.ask(r.Context(), "remove_sim", map[string]string{"msisdn": found.MSISDN}, nil); err != nil {
		return err
	}
	return answer(w, http.StatusOK, struct {
		MSISDN  string `json:"msisdn"`
		Deleted bool   `json:"deleted"`
	}{found.MSISDN, true})
}
