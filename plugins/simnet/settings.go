package simnet

import (
	"fmt"
	"time"
)

// Settings are what the control API shows and changes.
type Settings struct {
	// NoDuplicateGuard lets a reference be used again and again, each time with
	// money. Operators have the guard; without it a client's mistakes have
	// consequences to count.
	NoDuplicateGuard bool `json:"noDuplicateGuard"`
	// NoWait settles at once what takes a scenario's latency. The latency is
	// drawn and reported all the same.
	NoWait bool `json:"noWait"`
	// PromptSeconds is how long a prompt waits for its owner. Default 3600.
	PromptSeconds int64 `json:"promptSeconds"`
	// Float is what the account of a merchant that is new has. Default 100
	// million; -1: nothing.
	Float int64 `json:"float"`
}

const (
	defaultPrompt = 3600
	defaultFloat  = 100_000_000
	maxPrompt     = 7 * 24 * 3600
)

func (s Settings) filled() Settings {
	if s.PromptSeconds == 0 {
		s.PromptSeconds = defaultPrompt
	}
	if s.Float == 0 {
		s.Float = defaultFloat
	}
	return s
}

func (s Settings) check() error {
	switch {
	case s.PromptSeconds < 1 || s.PromptSeconds > maxPrompt:
		return fmt.Errorf("promptSeconds: it is %d; give 1 to %d", s.PromptSeconds, maxPrompt)
	case s.Float < -1 || s.Float > maxBalance:
		return fmt.Errorf("float: it is %d; give -1 (nothing) to %d", s.Float, int64(maxBalance))
	}
	return nil
}

func (s Settings) prompt() time.Duration { return time.Duration(s.PromptSeconds) * time.Second }

// Settings answers the present ones.
func (n *Network) Settings() Settings {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.settings
}

// Change replaces the settings, for what begins from now on.
func (n *Network) Change(s Settings) error {
	s = s.filled()
	if err := s.check(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.settings = s
	return nil
}

// What becomes of a number that is not in the registry.
const (
	// PolicyReject answers UNKNOWN_MSISDN.
	PolicyReject = "reject"
	// PolicyPassthrough goes on as if the number were known and funded.
	PolicyPassthrough = "passthrough"
)

// place is where a policy holds; an empty country is every one.
type place struct{ operator, country string }

// SetPolicy says what becomes of an operator's unknown numbers in a country.
func (n *Network) SetPolicy(operator, country, policy string) error {
	if policy != PolicyReject && policy != PolicyPassthrough {
		return fmt.Errorf("policy: %q is none; use %s or %s", policy, PolicyReject, PolicyPassthrough)
	}
	if !name.MatchString(operator) || !country2.MatchString(country) {
		return fmt.Errorf("operator, country: %q and %q; give an operator such as mtn and a country such as CI", operator, country)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.policies[place{operator, country}] = policy
	return nil
}

// passes reports whether an unknown number goes on as if it were known.
func (n *Network) passes(operator, country string) bool {
	return n.policies[place{operator, country}] == PolicyPassthrough
}
