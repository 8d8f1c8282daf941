package simnet

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/afara-dev/afara/sdk/msisdn"
)

var (
	name     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,59}$`)
	country2 = regexp.MustCompile(`^[A-Z]{2}$`)
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
	e164     = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	digits   = regexp.MustCompile(`^[0-9]{4,6}$`)
)

// ErrNoSIM is said of a number that is not in the registry.
var ErrNoSIM = errors.New("there is no SIM with this number; put one first")

// SIM is one number at one operator.
type SIM struct {
	Operator string `json:"operator"` // e.g. mtn
	Number   string `json:"number"`   // E.164 with the plus sign
	Country  string `json:"country"`  // ISO 3166-1 alpha-2
	Currency string `json:"currency"` // ISO 4217
	Name     string `json:"name,omitempty"`
	// Balance in whole units of Currency.
	Balance int64 `json:"balance"`
	Blocked bool  `json:"blocked"`
	// PIN that approves a prompt, 4 to 6 digits. Default 1234.
	PIN string `json:"pin"`
}

// simKey has the number in today's numbering plan: people give numbers of older
// ones, and they ring the same phone.
type simKey struct{ operator, number string }

func keyOf(operator, number string) simKey { return simKey{operator, today(number)} }

func (s SIM) key() simKey { return keyOf(s.Operator, s.Number) }

// callingCode is a plus sign and three digits in all countries with operators.
const callingCode = 4

func today(number string) string {
	if national, known := msisdn.Number(number).National(); known {
		return number[:callingCode] + national
	}
	return number
}

const (
	defaultPIN = "1234"
	maxName    = 100
)

func (s SIM) check() error {
	switch {
	case !name.MatchString(s.Operator):
		return fmt.Errorf("operator: %q is none; give its name in small letters, e.g. mtn", s.Operator)
	case !e164.MatchString(s.Number):
		return fmt.Errorf("number: %q is not in international form; give a plus sign and 7 to 15 digits", s.Number)
	case !country2.MatchString(s.Country):
		return fmt.Errorf("country: %q is none; give two capital letters (ISO 3166-1)", s.Country)
	case !currency.MatchString(s.Currency):
		return fmt.Errorf("currency: %q is none; give three capital letters (ISO 4217)", s.Currency)
	case s.Balance < 0 || s.Balance > maxBalance:
		return fmt.Errorf("balance: it is %d; give 0 to %d whole units", s.Balance, int64(maxBalance))
	case !digits.MatchString(s.PIN):
		return fmt.Errorf("pin: give 4 to 6 digits")
	case len(s.Name) > maxName:
		return fmt.Errorf("name: it has %d bytes; give at most %d", len(s.Name), maxName)
	}
	return nil
}

// PutSIM registers a SIM, or replaces one: its balance is the given one then.
func (n *Network) PutSIM(s SIM) error {
	s.PIN = cmp.Or(s.PIN, defaultPIN)
	if err := s.check(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	old := n.sims[s.key()]
	if old == nil && len(n.sims) >= maxSIMs {
		return fmt.Errorf("sims: there are %d already; remove some", maxSIMs)
	}
	if old != nil {
		n.outside[old.Currency] += old.Balance
	}
	n.outside[s.Currency] -= s.Balance
	n.sims[s.key()] = &s
	return nil
}

// SIM finds one.
func (n *Network) SIM(operator, number string) (SIM, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, found := n.sims[keyOf(operator, number)]
	if !found {
		return SIM{}, ErrNoSIM
	}
	return *s, nil
}

// RemoveSIM takes a SIM out; what it owned goes with it.
func (n *Network) RemoveSIM(operator, number string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, found := n.sims[keyOf(operator, number)]
	if !found {
		return ErrNoSIM
	}
	n.outside[s.Currency] += s.Balance
	delete(n.sims, s.key())
	return nil
}

// Filter chooses SIMs and prompts; an empty member chooses all.
type Filter struct {
	Operator, Number string
	// After is the number after which a list goes on.
	After string
	// Limit of the list; default 100, at most 1000.
	Limit int
}

func (f Filter) chooses(operator, number string) bool {
	return (f.Operator == "" || f.Operator == operator) && (f.Number == "" || today(f.Number) == today(number))
}

func (f Filter) limit() int {
	if f.Limit <= 0 {
		return 100
	}
	return min(f.Limit, 1000)
}

// SIMs lists SIMs by number, then operator.
func (n *Network) SIMs(f Filter) []SIM {
	n.mu.Lock()
	list := []SIM{}
	for _, s := range n.sims {
		if f.chooses(s.Operator, s.Number) && s.Number > f.After {
			list = append(list, *s)
		}
	}
	n.mu.Unlock()
	slices.SortFunc(list, func(a, b SIM) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Operator, b.Operator))
	})
	return list[:min(len(list), f.limit())]
}
