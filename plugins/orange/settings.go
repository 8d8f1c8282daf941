package main

import (
	"strings"
	"time"

	"github.com/afara-dev/afara/plugins/orange/internal/om"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// settings are a connection's, as the manifest's settings schema has them. The
// schema's descriptions say what each means.
type settings struct {
	Dialect  string `json:"dialect"`
	BaseURL  string `json:"baseUrl"`
	Country  string `json:"country"`
	Currency string `json:"currency"`

	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	TokenPath    string `json:"tokenPath"`

	MerchantKey string `json:"merchantKey"`
	Place       string `json:"place"`
	ReturnURL   string `json:"returnUrl"`
	CancelURL   string `json:"cancelUrl"`
	Language    string `json:"language"`

	AuthToken     string `json:"authToken"`
	ChannelNumber string `json:"channelNumber"`
	PIN           string `json:"pin"`
	CorePath      string `json:"corePath"`

	Reasons        []om.Reason      `json:"reasons"`
	Timeout        schemas.Duration `json:"timeout"`
	MaxConnections int              `json:"maxConnections"`
}

const (
	defaultTimeout = 40 * time.Second
	// readTimeout bounds a question: a call may ask four times within its 60 s.
	readTimeout = 14 * time.Second
)

// The dialects' own paths.
const (
	webpayTokenPath = "/oauth/v3/token"
	coreTokenPath   = "/token"
	corePath        = "/omcoreapis/1.0.2"
)

// fill sets the defaults that the settings schema tells.
func (s *settings) fill() {
	tokenPath := webpayTokenPath
	if s.core() {
		tokenPath = coreTokenPath
	}
	s.Currency = or(s.Currency, "XOF")
	s.TokenPath = or(s.TokenPath, tokenPath)
	s.Place = or(s.Place, strings.ToLower(s.Country))
	s.Language = or(s.Language, "fr")
	s.CorePath = or(s.CorePath, corePath)
	s.Timeout = or(s.Timeout, schemas.Duration(defaultTimeout))
	s.MaxConnections = or(s.MaxConnections, 256)
}

func (s *settings) core() bool { return s.Dialect == string(om.Core) }

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
	for _, needed := range s.needed() {
		if needed.value == "" {
			fail(needed.pointer, "setting_missing", "the dialect "+s.Dialect+" needs it", "Give "+needed.pointer[1:]+"; "+needed.from)
		}
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

// need is a setting that one dialect has to have.
type need struct{ pointer, value, from string }

func (s *settings) needed() []need {
	const orange, yours = "Orange gave it to you.", "it is an address of yours."
	if s.core() {
		return []need{{"/authToken", s.AuthToken, orange}, {"/channelNumber", s.ChannelNumber, orange}, {"/pin", s.PIN, orange}}
	}
	return []need{{"/merchantKey", s.MerchantKey, orange}, {"/returnUrl", s.ReturnURL, yours}, {"/cancelUrl", s.CancelURL, yours}}
}

func (s *settings) client(now func() time.Time) om.Config {
	timeout := time.Duration(s.Timeout)
	return om.Config{
		Dialect: om.Dialect(s.Dialect), BaseURL: s.BaseURL, ClientID: s.ClientID, ClientSecret: s.ClientSecret, TokenPath: s.TokenPath,
		MerchantKey: s.MerchantKey, Place: s.Place, Currency: s.Currency, ReturnURL: s.ReturnURL, CancelURL: s.CancelURL, Language: s.Language,
		AuthToken: s.AuthToken, ChannelNumber: s.ChannelNumber, PIN: s.PIN, CorePath: s.CorePath,
		Reasons: s.Reasons, Timeout: timeout, ReadTimeout: min(timeout, readTimeout), Connections: s.MaxConnections, Now: now,
	}
}
