package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/sdk/msisdn"
)

// AdjustmentRequest asks to put money on the float, or to take it off.
type AdjustmentRequest struct {
	Direction Direction `json:"direction"`
	Operator  string    `json:"operator"`
	Currency  string    `json:"currency"`
	Amount    int64     `json:"amount"`
	Reason    string    `json:"reason"`
	Reference string    `json:"reference"` // empty when there is none
	// Form is what is wrong with the form of all this. What it is against may be
	// missing above, or be anything.
	Form domain.Form `json:"-"`
}

const (
	maxReason    = 500
	maxReference = 100
)

func operators() []string {
	return []string{string(msisdn.MTN), string(msisdn.Orange), string(msisdn.Moov), string(msisdn.Airtel)}
}

// check names every fault at once, those of the form among them.
func (s *Service) check(ctx context.Context, env domain.EnvironmentID, in AdjustmentRequest) error {
	faults := in.rules()
	if in.Direction == Credit && in.Form.Sound("/operator") && in.Form.Sound("/currency") && slices.Contains(operators(), in.Operator) {
		more, err := s.traded(ctx, env, in)
		if err != nil {
			return err
		}
		faults = append(faults, more...)
	}
	all, more := in.Form.Join(faults)
	if len(all) == 0 {
		return nil
	}
	e := &domain.Error{Kind: domain.KindInvalid, Code: "invalid_body", Fields: all,
		Detail: "The request breaks the rules that errors lists. Nothing was booked."}
	if more > 0 {
		e.Extra = map[string]any{"moreErrors": more}
	}
	return e
}

func (in AdjustmentRequest) rules() (faults []domain.FieldError) {
	fault := func(pointer, code, detail, fix string) {
		faults = append(faults, domain.FieldError{Pointer: pointer, Code: code, Detail: detail, Fix: fix})
	}
	if in.Direction != Credit && in.Direction != Debit {
		fault("/direction", "enum", "is no direction", "use credit for money that was put on the float, debit for money that was taken off it")
	}
	if !slices.Contains(operators(), in.Operator) {
		fault("/operator", "enum", "is no operator of mobile money here", "use one of "+strings.Join(operators(), ", "))
	}
	if !currencyCode.MatchString(in.Currency) {
		fault("/currency", "pattern", "is no currency code", "write three capital letters (ISO 4217) like XOF")
	}
	if in.Amount < 1 || in.Amount > domain.MaxPosting {
		fault("/amount", "range", fmt.Sprintf("is not between 1 and %d", int64(domain.MaxPosting)), "write whole units of the currency, and say by direction which way they went")
	}
	if in.Reason == "" {
		fault("/reason", "required", "is missing", "say why, for those who read the books later")
	}
	faults = append(faults, checkText("/reason", in.Reason, maxReason)...)
	return append(faults, checkText("/reference", in.Reference, maxReference)...)
}

func checkText(pointer, v string, most int) []domain.FieldError {
	fault := func(code, detail, fix string) []domain.FieldError {
		return []domain.FieldError{{Pointer: pointer, Code: code, Detail: detail, Fix: fix}}
	}
	switch {
	case !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl):
		return fault("text", "holds control characters", "use plain text on one line")
	case v != strings.TrimSpace(v):
		return fault("blank", "begins or ends with a blank", "trim it")
	case utf8.RuneCountInString(v) > most:
		return fault("max_length", fmt.Sprintf("is longer than %d characters", most), "shorten it")
	}
	return nil
}

// traded refuses money in a currency that the operator is not asked for here: a
// slip would lie on an account of its own, where no payout looks. What is there
// may be taken off whatever has become of the corridor.
func (s *Service) traded(ctx context.Context, env domain.EnvironmentID, in AdjustmentRequest) ([]domain.FieldError, error) {
	if s.cfg.Corridors == nil {
		return nil, errors.New("ledger: Corridors is required to book adjustments")
	}
	list, err := s.cfg.Corridors.Corridors(ctx, env)
	if err != nil {
		return nil, err
	}
	var currencies []string
	for _, c := range list {
		if c.Operator == in.Operator && !slices.Contains(currencies, c.Currency) {
			currencies = append(currencies, c.Currency)
		}
	}
	switch {
	case len(currencies) == 0:
		return []domain.FieldError{{Pointer: "/operator", Code: "no_corridor", Detail: "is no operator of this environment's corridors",
			Fix: "make one first with PUT /si/corridors/" + in.Operator + "/{country}"}}, nil
	case !slices.Contains(currencies, in.Currency) && currencyCode.MatchString(in.Currency):
		return []domain.FieldError{{Pointer: "/currency", Code: "other_currency", Detail: "is not that of a corridor of " + in.Operator,
			Fix: "use " + strings.Join(currencies, " or ")}}, nil
	}
	return nil, nil
}
