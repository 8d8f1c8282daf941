package corridor

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/afara-dev/afara/engine/domain"
)

// Patch is what a caller says of a corridor; what is nil stays as it is, or
// takes its default on a new one.
type Patch struct {
	Enabled  *bool   `json:"enabled"`  // default true
	Currency *string `json:"currency"` // default: see Currency
	// CommissionBps is in hundredths of a percent; default 100, and 150 for moov.
	CommissionBps         *int64                      `json:"commissionBps"`
	MerchantAbsorptionPct *int64                      `json:"merchantAbsorptionPct"` // default 100
	UnknownMSISDNPolicy   *domain.UnknownMSISDNPolicy `json:"unknownMsisdnPolicy"`   // default reject
	// Connection is an enabled one of the connector that is called as the
	// operator; default: the only one that can carry the corridor.
	Connection *domain.ConnectionID `json:"connectionId"`
	// Form is what is wrong with the form of all this. What it is against may be
	// missing above, or be anything.
	Form domain.Form `json:"-"`
}

const (
	maxBps = 10_000
	maxPct = 100
)

var currencyPattern = regexp.MustCompile(`^[A-Z]{3}$`)

// lay lays what a caller says over c and names every fault of it at once, those
// of its form among them.
func (s *Service) lay(ctx context.Context, k key, c *domain.Corridor, p Patch, isNew bool) error {
	m, faults := marketOf(k)
	if isNew {
		c.Environment, c.Operator, c.Country = k.environment, k.operator, k.country
		c.Enabled, c.Currency, c.UnknownMSISDNPolicy = true, Currency(k.country), domain.UnknownReject
		c.CommissionBps, c.MerchantAbsorptionPct = m.commission, maxPct
	}
	set(&c.Enabled, p.Enabled)
	set(&c.Currency, p.Currency)
	set(&c.CommissionBps, p.CommissionBps)
	set(&c.MerchantAbsorptionPct, p.MerchantAbsorptionPct)
	set(&c.UnknownMSISDNPolicy, p.UnknownMSISDNPolicy)
	named := len(faults) == 0
	faults = append(faults, rules(*c)...)
	if named {
		more, err := s.layConnection(ctx, c, p, isNew)
		if err != nil {
			return err
		}
		faults = append(faults, more...)
	}
	return refusal(p.Form, faults)
}

func set[T any](to *T, said *T) {
	if said != nil {
		*to = *said
	}
}

func rules(c domain.Corridor) (faults []domain.FieldError) {
	if !currencyPattern.MatchString(c.Currency) {
		faults = append(faults, domain.FieldError{Pointer: "/currency", Code: "pattern", Detail: "is no currency code", Fix: "write three capital letters (ISO 4217) like XOF"})
	}
	for _, n := range []struct {
		pointer string
		value   int64
		most    int64
		what    string
	}{
		{"/commissionBps", c.CommissionBps, maxBps, "100, which is 1 %"},
		{"/merchantAbsorptionPct", c.MerchantAbsorptionPct, maxPct, "100, which leaves all of it to the merchant"},
	} {
		if n.value < 0 || n.value > n.most {
			faults = append(faults, domain.FieldError{Pointer: n.pointer, Code: "range", Detail: fmt.Sprintf("is not between 0 and %d", n.most), Fix: "use " + n.what})
		}
	}
	if c.UnknownMSISDNPolicy != domain.UnknownReject && c.UnknownMSISDNPolicy != domain.UnknownPassthrough {
		faults = append(faults, domain.FieldError{Pointer: "/unknownMsisdnPolicy", Code: "enum", Detail: "is no policy", Fix: "use reject or passthrough"})
	}
	return faults
}

// layConnection finds the connection that carries the corridor. One that is not
// named stays, whatever has become of it; but for its currency.
func (s *Service) layConnection(ctx context.Context, c *domain.Corridor, p Patch, isNew bool) ([]domain.FieldError, error) {
	carriers, err := s.cfg.Connections.Carriers(ctx, c.Environment)
	if err != nil {
		return nil, err
	}
	if p.Connection == nil && isNew {
		return choose(c, carriers), nil
	}
	set(&c.Connection, p.Connection)
	for _, carrier := range carriers {
		switch {
		case carrier.ID != c.Connection:
		case p.Connection == nil:
			return carrier.otherCurrency(*c), nil
		default:
			return carrier.check(*c), nil
		}
	}
	if p.Connection == nil {
		return nil, nil
	}
	return []domain.FieldError{{Pointer: "/connectionId", Code: "connection_not_found", Detail: "is no connection of this environment", Fix: "GET /si/connections lists those that there are"}}, nil
}

// choose takes the only connection that can carry the corridor.
func choose(c *domain.Corridor, carriers []Carrier) []domain.FieldError {
	var ids []string
	for _, carrier := range carriers {
		if len(carrier.check(*c)) == 0 {
			c.Connection = carrier.ID
			ids = append(ids, string(carrier.ID))
		}
	}
	what := fmt.Sprintf("the connector %s for %s in %s", c.Operator, c.Country, c.Currency)
	switch len(ids) {
	case 1:
		return nil
	case 0:
		return []domain.FieldError{{Pointer: "/connectionId", Code: "required", Detail: "is missing, and no enabled connection is of " + what, Fix: "make one with POST /si/connections"}}
	default:
		return []domain.FieldError{{Pointer: "/connectionId", Code: "required", Detail: "is missing, and several enabled connections are of " + what, Fix: "name one of " + strings.Join(ids, ", ")}}
	}
}

// check says why the connection cannot carry the corridor.
func (r Carrier) check(c domain.Corridor) []domain.FieldError {
	fault := func(code, detail, fix string) []domain.FieldError {
		return []domain.FieldError{{Pointer: "/connectionId", Code: code, Detail: detail, Fix: fix}}
	}
	switch {
	case r.Connector != c.Operator:
		return fault("other_connector", "is a connection of the connector "+r.Connector, "name one of the connector "+c.Operator)
	case !r.Enabled:
		return fault("connection_disabled", "is a connection that is disabled", "enable it with POST /si/connections/{id}/enable, or name another one")
	case r.Country != "" && r.Country != c.Country:
		return fault("other_country", "is a connection whose settings are for "+r.Country, "name one that is for "+c.Country)
	}
	return r.otherCurrency(c)
}

func (r Carrier) otherCurrency(c domain.Corridor) []domain.FieldError {
	if r.Currency == "" || r.Currency == c.Currency {
		return nil
	}
	return []domain.FieldError{{Pointer: "/currency", Code: "other_currency", Detail: "is not that of the connection, whose settings say " + r.Currency, Fix: "use " + r.Currency + ", or name a connection in " + c.Currency}}
}

// refusal names every fault; nil when there is none.
func refusal(form domain.Form, faults []domain.FieldError) error {
	all, more := form.Join(faults)
	if len(all) == 0 {
		return nil
	}
	e := &domain.Error{
		Kind: domain.KindInvalid, Code: "invalid_body", Fields: all,
		Detail: "The request breaks the rules that errors lists. Nothing was done.",
	}
	if more > 0 {
		e.Extra = map[string]any{"moreErrors": more}
	}
	return e
}
