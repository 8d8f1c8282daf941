package main

import (
	"time"

	"github.com/afara-dev/afara/plugins/airtel/internal/airtel"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// settings are a connection's, as the manifest's settings schema has them. The
// schema's descriptions say what each means.
type settings struct {
	BaseURL      string `json:"baseUrl"`
	Country      string `json:"country"`
	Currency     string `json:"currency"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	APIVersion   string `json:"apiVersion"`
	NumberForm   string `json:"numberForm"`
	OneToken     *bool  `json:"oneToken"`
	CallbackKey  string `json:"callbackKey"`

	PIN            string `json:"pin"`
	PayoutType     string `json:"payoutType"`
	MessageSigning string `json:"messageSigning"`
	RSAPadding     string `json:"rsaPadding"`
	EncryptionKey  string `json:"encryptionKey"`

	Timeout        schemas.Duration `json:"timeout"`
	MaxConnections int              `json:"maxConnections"`
}

// currencies are the wallets' by country.
func currencies() map[string]string { return map[string]string{"RW": "RWF"} }

const (
	signed         = "aes_cbc"
	defaultTimeout = 40 * time.Second
	// readTimeout bounds a question: a payout may ask for token and key before it
	// pays, a look-up four times, within the call's 60 s.
	readTimeout = 9 * time.Second
)

// fill sets the defaults that the settings schema tells.
func (s *settings) fill() {
	alive := true
	s.Currency = or(s.Currency, currencies()[s.Country])
	s.APIVersion = or(s.APIVersion, "v1")
	s.NumberForm = or(s.NumberForm, airtel.National)
	s.OneToken = or(s.OneToken, &alive)
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

// encrypts reports whether something goes to Airtel under its RSA key.
func (s *settings) encrypts() bool { return s.PIN != "" || s.MessageSigning == signed }

// check finds what a JSON Schema cannot, all at once. The error is of class
// Misconfigured and names each setting.
func (s *settings) check() error {
	var faults []sdk.FieldError
	fail := func(pointer, code, detail, fix string) {
		faults = append(faults, sdk.FieldError{Pointer: pointer, Code: code, Detail: detail, Fix: fix})
	}
	if s.encrypts() && s.RSAPadding == "" {
		fail("/rsaPadding", "padding_missing", "Airtel's clients differ in it, and a PIN that cannot be decrypted may be blocked", "Ask Airtel, and give pkcs1v15, oaep_sha1 or oaep_sha256.")
	}
	if s.EncryptionKey != "" {
		if _, err := airtel.ParseKey(s.EncryptionKey); err != nil {
			fail("/encryptionKey", "key_unreadable", err.Error(), "Give the public key as Airtel's portal shows it, or leave it out: Airtel is asked for it then.")
		}
	}
	if time.Duration(s.Timeout) > defaultTimeout {
		fail("/timeout", "timeout_too_long", "a payment's call ends after 60 s, of which access token and encryption key may take a part", "Give 40s at most.")
	}
	if len(faults) == 0 {
		return nil
	}
	e := sdk.Misconfiguredf("settings_invalid", "%s: %s", faults[0].Pointer, faults[0].Detail)
	e.Fields = faults
	return e
}

func (s *settings) client(now func() time.Time) airtel.Config {
	timeout := time.Duration(s.Timeout)
	return airtel.Config{
		BaseURL: s.BaseURL, Country: s.Country, Currency: s.Currency, Version: s.APIVersion,
		ClientID: s.ClientID, ClientSecret: s.ClientSecret,
		PIN: s.PIN, Signs: s.MessageSigning == signed, Padding: s.RSAPadding, Key: s.EncryptionKey,
		Connections: s.MaxConnections, Now: now, Timeout: timeout, ReadTimeout: min(timeout, readTimeout),
	}
}
