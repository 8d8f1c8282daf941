package main

import (
	"errors"
	"time"

	"github.com/afara-dev/afara/plugins/firs/internal/irn"
	"github.com/afara-dev/afara/plugins/firs/internal/mbs"
	"github.com/afara-dev/afara/plugins/firs/internal/qr"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// settings are a connection's, as the manifest's settings schema has them. The
// schema's descriptions say what each means.
type settings struct {
	BaseURL string `json:"baseUrl"`

	APIKey    string `json:"apiKey"`
	APISecret string `json:"apiSecret"`
	APPKey    string `json:"appApiKey"`
	APPSecret string `json:"appApiSecret"`

	KeyHeader    string `json:"keyHeader"`
	SecretHeader string `json:"secretHeader"`

	BusinessID          string `json:"businessId"`
	EntityID            string `json:"entityId"`
	ServiceID           string `json:"serviceId"`
	IRNTemplate         string `json:"irnTemplate"`
	IntegratorServiceID string `json:"integratorServiceId"`

	Supplier schemas.Party `json:"supplier"`

	CryptoKeys  string `json:"cryptoKeys"`
	PublicKey   string `json:"publicKey"`
	Certificate string `json:"certificate"`

	Transmits       bool              `json:"transmits"`
	TrustConfirm    bool              `json:"trustConfirm"`
	NotFound        notFound          `json:"notFound"`
	PaymentStatuses map[string]string `json:"paymentStatuses"`

	Timeouts       timeouts `json:"timeouts"`
	MaxConnections int      `json:"maxConnections"`
}

type notFound struct {
	Statuses []int    `json:"statuses"`
	Texts    []string `json:"texts"`
}

type timeouts struct {
	// Read bounds a question, Act what validates, registers and transmits.
	Read span `json:"read"`
	Act  span `json:"act"`
	Idle span `json:"idle"`
}

// span is a time span in the manifest's notation.
type span schemas.Duration

func (d span) Duration() time.Duration { return time.Duration(d) }

// UnmarshalJSON reads a text such as "30s".
func (d *span) UnmarshalJSON(raw []byte) error { return (*schemas.Duration)(d).UnmarshalJSON(raw) }

// fill sets the defaults that the settings schema tells.
func (s *settings) fill() {
	s.KeyHeader = or(s.KeyHeader, "x-api-key")
	s.SecretHeader = or(s.SecretHeader, "x-api-secret")
	s.Timeouts.Read = or(s.Timeouts.Read, span(20*time.Second))
	s.Timeouts.Act = or(s.Timeouts.Act, span(55*time.Second))
	s.Timeouts.Idle = or(s.Timeouts.Idle, span(30*time.Second))
	s.MaxConnections = or(s.MaxConnections, 1024)
	if s.NotFound.Statuses == nil {
		s.NotFound.Statuses = []int{400, 404}
	}
	if s.NotFound.Texts == nil {
		s.NotFound.Texts = []string{"not found", "no record", "does not exist"}
	}
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

// parsed is what the settings' texts stand for.
type parsed struct {
	template irn.Template
	keys     qr.Keys
}

// parse checks what a JSON Schema cannot, all at once. The error is of class
// Misconfigured and names each setting.
func (s *settings) parse() (parsed, error) {
	var p parsed
	var faults []sdk.FieldError
	fail := func(pointer, code string, err error, fix string) {
		faults = append(faults, sdk.FieldError{Pointer: pointer, Code: code, Detail: err.Error(), Fix: fix})
	}
	var err error
	if p.template, err = s.template(); err != nil {
		fail(s.templateAt(), "irn_template", err, "Copy irn_template, or the 8 characters of the service id, from the authority's portal.")
	}
	if p.keys, err = s.stampKeys(); err != nil {
		fail(s.keysAt(), "crypto_keys", err, "Paste the crypto_keys.txt that the authority's portal offers for download.")
	}
	if (s.APPKey == "") != (s.APPSecret == "") {
		fail("/appApiSecret", "key_pair", errors.New("a key pair has a key and a secret"), "Give both appApiKey and appApiSecret, or neither.")
	}
	if len(faults) == 0 {
		return p, nil
	}
	e := sdk.Misconfiguredf("settings_invalid", "%s: %s", faults[0].Pointer, faults[0].Detail)
	e.Fields = faults
	return p, e
}

func (s *settings) template() (irn.Template, error) {
	if s.IRNTemplate == "" {
		return irn.ForService(s.ServiceID)
	}
	t, err := irn.Parse(s.IRNTemplate)
	if err == nil && s.ServiceID != "" && s.ServiceID != t.ServiceID() {
		return t, errors.New("serviceId is not the one in irnTemplate")
	}
	return t, err
}

func (s *settings) templateAt() string {
	if s.IRNTemplate != "" {
		return "/irnTemplate"
	}
	return "/serviceId"
}

func (s *settings) stampKeys() (qr.Keys, error) {
	if s.CryptoKeys != "" {
		return qr.ParseFile(s.CryptoKeys)
	}
	return qr.Parse(s.PublicKey, s.Certificate)
}

func (s *settings) keysAt() string {
	if s.CryptoKeys != "" {
		return "/cryptoKeys"
	}
	return "/publicKey"
}

func (s *settings) client() mbs.Config {
	return mbs.Config{
		BaseURL: s.BaseURL, Keys: mbs.KeyPair{Key: s.APIKey, Secret: s.APISecret},
		Exchange:  mbs.KeyPair{Key: s.APPKey, Secret: s.APPSecret},
		KeyHeader: s.KeyHeader, SecretHeader: s.SecretHeader,
		Timeout: s.Timeouts.Act.Duration(), ReadTimeout: s.Timeouts.Read.Duration(),
		Connections: s.MaxConnections, IdleTimeout: s.Timeouts.Idle.Duration(),
	}
}

func (s *settings) seller() mbs.Seller {
	return mbs.Seller{BusinessID: s.BusinessID, IntegratorServiceID: s.IntegratorServiceID, Party: s.Supplier}
}

// paymentStatus is the authority's word for one of ours. Its documents
// disagree on the word for a cancelled payment.
func (s *settings) paymentStatus(ours string) string {
	if word, set := s.PaymentStatuses[ours]; set {
		return word
	}
	if ours == "CANCELLED" || ours == "CANCELED" {
		return "REJECTED"
	}
	return ours
}
