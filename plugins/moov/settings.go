package main

import (
	"time"

	"github.com/afara-dev/afara/plugins/moov/internal/flooz"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// settings are a connection's, as the manifest's settings schema has them. The
// schema's descriptions say what each means.
type settings struct {
	Dialect string `json:"dialect"`
	BaseURL string `json:"baseUrl"`
	Country string `json:"country"`

	Username string `json:"username"`
	Password string `json:"password"`

	EncryptionKey  string           `json:"encryptionKey"`
	MerchantNumber string           `json:"merchantNumber"`
	NumberForm     flooz.NumberForm `json:"numberForm"`
	WalletID       string           `json:"walletId"`
	Path           string           `json:"path"`

	PartnerID string `json:"partnerId"`

	Timeout        schemas.Duration `json:"timeout"`
	MaxConnections int              `json:"maxConnections"`
}

// The dialects.
const (
	dialectSOAP = "soap"
	dialectREST = "rest"
)

// currency is that of all of Moov's wallets in Benin, Côte d'Ivoire and Togo.
const currency = "XOF"

const (
	defaultTimeout = 40 * time.Second
	maxTimeout     = 50 * time.Second
	// readTimeout bounds a question.
	readTimeout = 20 * time.Second
	// pushPath is where Benin's merchant API takes all calls.
	pushPath = "/com.tlc.merchant.api/UssdPush"
)

// fill sets the defaults that the settings schema tells.
func (s *settings) fill() {
	s.Dialect = or(s.Dialect, dialectSOAP)
	s.NumberForm = or(s.NumberForm, flooz.International)
	s.WalletID = or(s.WalletID, "0")
	s.Path = or(s.Path, pushPath)
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
func (s *settings) check(environment string) error {
	var faults []sdk.FieldError
	fail := func(pointer, code, detail, fix string) {
		faults = append(faults, sdk.FieldError{Pointer: pointer, Code: code, Detail: detail, Fix: fix})
	}
	switch {
	case s.Dialect == dialectREST && s.PartnerID == "":
		fail("/partnerId", "required", "the dialect rest needs it", "Give the partner id.")
	case s.Dialect == dialectREST && environment != sandbox:
		fail("/dialect", "dialect_of_sandbox", "nobody serves the dialect rest but sandboxes", "Take the dialect soap in production.")
	case s.Dialect == dialectSOAP && s.EncryptionKey == "":
		fail("/encryptionKey", "required", "the dialect soap needs it", "Give the key of 32 characters that Moov handed out.")
	}
	if s.Dialect == dialectSOAP && s.MerchantNumber == "" {
		fail("/merchantNumber", "required", "the dialect soap needs it", "Give the number of the merchant's own account.")
	}
	if time.Duration(s.Timeout) > maxTimeout {
		fail("/timeout", "timeout_too_long", "a payment's call ends after 60 s", "Give 50s at most.")
	}
	if len(faults) == 0 {
		return nil
	}
	e := sdk.Misconfiguredf("settings_invalid", "%s: %s", faults[0].Pointer, faults[0].Detail)
	e.Fields = faults
	return e
}

func (s *settings) client(now func() time.Time) flooz.Config {
	timeout := time.Duration(s.Timeout)
	c := flooz.Config{BaseURL: s.BaseURL, Connections: s.MaxConnections, Now: now, Timeout: timeout, ReadTimeout: min(timeout, readTimeout)}
	if s.Dialect == dialectREST {
		c.REST = &flooz.REST{PartnerID: s.PartnerID, User: s.Username, Password: s.Password}
		return c
	}
	c.SOAP = &flooz.SOAP{
		Path: s.Path, User: s.Username, Password: s.Password, EncryptionKey: s.EncryptionKey,
		MerchantNumber: s.MerchantNumber, WalletID: s.WalletID, NumberForm: s.NumberForm,
	}
	return c
}
