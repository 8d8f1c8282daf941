package main

import (
	"time"

	"github.com/afara-dev/afara/plugins/mtn/internal/momo"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// settings are a connection's, as the manifest's settings schema has them. The
// schema's descriptions say what each means.
type settings struct {
	BaseURL           string `json:"baseUrl"`
	Country           string `json:"country"`
	Currency          string `json:"currency"`
	TargetEnvironment string `json:"targetEnvironment"`

	CollectionKey string `json:"collectionKey"`
	APIUser       string `json:"apiUser"`
	APIKey        string `json:"apiKey"`

	DisbursementKey  string `json:"disbursementKey"`
	DisbursementUser string `json:"disbursementApiUser"`
	DisbursementPass string `json:"disbursementApiKey"`

	CallbackHost   string           `json:"callbackHost"`
	Timeout        schemas.Duration `json:"timeout"`
	MaxConnections int              `json:"maxConnections"`
}

// wallet is a country's.
type wallet struct{ environment, currency string }

// wallets are MTN's names and currencies. Of Togo it publishes no environment.
func wallets() map[string]wallet {
	return map[string]wallet{
		"CI": {"mtnivorycoast", "XOF"},
		"BJ": {"mtnbenin", "XOF"},
		"TG": {"", "XOF"},
		"RW": {"mtnrwanda", "RWF"},
	}
}

const (
	defaultTimeout = 40 * time.Second
	// readTimeout bounds a question: a call may ask four times within its 60 s.
	readTimeout = 14 * time.Second
)

// fill sets the defaults that the settings schema tells.
func (s *settings) fill() {
	usual := wallets()[s.Country]
	s.Currency = or(s.Currency, usual.currency)
	s.TargetEnvironment = or(s.TargetEnvironment, usual.environment)
	s.DisbursementUser = or(s.DisbursementUser, s.APIUser)
	s.DisbursementPass = or(s.DisbursementPass, s.APIKey)
	s.Timeout = or(s.Timeout, schemas.Duration(defaultTimeout))
	s.MaxConnections = or(s.MaxConnections, 256)
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// check finds what a JSON Schema cannot, all at once. The error is of class
// Misconfigured and names each setting.
func (s *settings) check() error {
	var faults []sdk.FieldError
	fail := func(pointer, code, detail, fix string) {
		faults = append(faults, sdk.FieldError{Pointer: pointer, Code: code, Detail: detail, Fix: fix})
	}
	if s.TargetEnvironment == "" {
		fail("/targetEnvironment", "environment_missing", "MTN publishes no target environment for "+s.Country, "Give the one that MTN told you.")
	}
	if (s.DisbursementUser != s.APIUser) != (s.DisbursementPass != s.APIKey) {
		fail("/disbursementApiKey", "key_pair", "an API user has a key of its own", "Give both disbursementApiUser and disbursementApiKey, or neither.")
	}
	if time.Duration(s.Timeout) > defaultTimeout {
		fail("/timeout", "timeout_too_long", "a payment's call ends after 60 s, of which the access token may take a part", "Give 40s at most.")
	}
	if len(faults) == 0 {
		return nil
	}
	e := sdk.Misconfiguredf("settings_invalid", "%s: %s", faults[0].Pointer, faults[0].Detail)
	e.Fields = faults
	return e
}

func (s *settings) client(now func() time.Time) momo.Config {
	timeout := time.Duration(s.Timeout)
	c := momo.Config{
		BaseURL: s.BaseURL, TargetEnvironment: s.TargetEnvironment, Connections: s.MaxConnections, Now: now,
		Timeout: timeout, ReadTimeout: min(timeout, readTimeout),
		Logins: map[momo.Product]momo.Login{momo.Collection: {SubscriptionKey: s.CollectionKey, User: s.APIUser, Key: s.APIKey}},
	}
	if s.DisbursementKey != "" {
		c.Logins[momo.Disbursement] = momo.Login{SubscriptionKey: s.DisbursementKey, User: s.DisbursementUser, Key: s.DisbursementPass}
	}
	return c
}
