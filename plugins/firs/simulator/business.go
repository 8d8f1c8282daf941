package simulator

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Business is a taxpayer as /_control/businesses shows it: with every secret
// that a connection needs.
type Business struct {
	BusinessID  string `json:"businessId"`
	EntityID    string `json:"entityId"`
	ServiceID   string `json:"serviceId"`
	IRNTemplate string `json:"irnTemplate"`
	Name        string `json:"name"`
	TIN         string `json:"tin"`
	Email       string `json:"email"`
	APIKey      string `json:"apiKey"`
	APISecret   string `json:"apiSecret"`
	// APPKey and APPSecret are the second pair, of the access point provider;
	// empty when one pair does everything.
	APPKey     string     `json:"appKey,omitempty"`
	APPSecret  string     `json:"appSecret,omitempty"`
	WebhookURL string     `json:"webhookUrl,omitempty"`
	Keys       CryptoKeys `json:"-"`
	// PublicKey and Certificate are the two members of crypto_keys.txt.
	PublicKey   string    `json:"publicKey"`
	Certificate string    `json:"certificate"`
	CreatedAt   time.Time `json:"createdAt"`
}

// Provision describes a business to make.
type Provision struct {
	Name  string `json:"name"`
	TIN   string `json:"tin"`
	Email string `json:"email"`
	// ServiceID is 8 letters or digits; made up when empty.
	ServiceID string `json:"serviceId"`
	// APPKeys asks for a key pair of its own for the access point's calls.
	APPKeys bool `json:"appKeys"`
	// WebhookURL is where transmissions are announced; transmitting is refused
	// without it.
	WebhookURL string `json:"webhookUrl"`
}

// taxpayer is a business with its private key.
type taxpayer struct {
	Business
	private *rsa.PrivateKey
	cipher  []byte // of downloads
}

// Provision makes a business, or answers the one that has p.TIN already, so
// that a restarted demo finds its connection still accepted. A WebhookURL
// given then replaces the old one.
func (s *Simulator) Provision(p Provision) (Business, error) {
	if err := p.check(); err != nil {
		return Business{}, err
	}
	if b, found := s.reprovision(p); found {
		return b, s.keep()
	}
	t, err := newTaxpayer(p, s.now())
	if err != nil {
		return Business{}, fmt.Errorf("provision %s: %w", p.TIN, err)
	}
	s.mu.Lock()
	if other, taken := s.accounts.byTIN[p.TIN]; taken {
		t = other // a twin was faster
	} else {
		s.accounts.add(t)
	}
	s.mu.Unlock()
	return t.Business, s.keep()
}

func (p *Provision) check() error {
	if len(p.TIN) < 5 {
		return fmt.Errorf("tin: has at least 5 characters; write it as 12345678-0001")
	}
	if p.ServiceID != "" && !isServiceID(p.ServiceID) {
		return fmt.Errorf("serviceId: is 8 capital letters or digits; leave it out to get one")
	}
	if p.Name == "" {
		p.Name = "Business " + p.TIN
	}
	if p.Email == "" {
		p.Email = "billing@example.ng"
	}
	return nil
}

func (s *Simulator) reprovision(p Provision) (Business, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, found := s.accounts.byTIN[p.TIN]
	if !found {
		return Business{}, false
	}
	if p.WebhookURL != "" && p.WebhookURL != t.WebhookURL {
		changed := *t // readers hold the old one
		changed.WebhookURL = p.WebhookURL
		t = &changed
		s.accounts.add(t)
	}
	return t.Business, true
}

// keep writes the businesses to the key file, if there is one.
func (s *Simulator) keep() error {
	if s.keys == nil {
		return nil
	}
	return s.keys.save(func() []*taxpayer {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.accounts.all()
	})
}

func newTaxpayer(p Provision, now time.Time) (*taxpayer, error) {
	private, keys, err := newKeys()
	if err != nil {
		return nil, err
	}
	b := Business{
		BusinessID: newUUID(), EntityID: newUUID(), ServiceID: p.ServiceID,
		Name: p.Name, TIN: p.TIN, Email: p.Email, WebhookURL: p.WebhookURL,
		APIKey: newUUID(), APISecret: newSecret(), CreatedAt: now.UTC(), Keys: keys,
	}
	if b.ServiceID == "" {
		b.ServiceID = newServiceID()
	}
	if p.APPKeys {
		b.APPKey, b.APPSecret = newUUID(), newSecret()
	}
	return complete(b, private)
}

// complete fills what follows from the rest.
func complete(b Business, private *rsa.PrivateKey) (*taxpayer, error) {
	b.IRNTemplate = "{{invoice_id(e.g:INV00XXX)}}-" + b.ServiceID + "-{{YYYYMMDD(e.g:20250629)}}"
	b.PublicKey, b.Certificate = b.Keys.PublicKey, b.Keys.Certificate
	cipher, err := b.Keys.downloadKey()
	if err != nil {
		return nil, err
	}
	return &taxpayer{Business: b, private: private, cipher: cipher}, nil
}

func isServiceID(s string) bool {
	if len(s) != 8 {
		return false
	}
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}

func newServiceID() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return strings.ToUpper(hex.EncodeToString(b[:]))
}

// newSecret is as long as the secrets in the service's samples, 100 characters.
func newSecret() string {
	var b [75]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.URLEncoding.EncodeToString(b[:])
}
