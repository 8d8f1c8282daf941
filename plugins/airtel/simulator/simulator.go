package simulator

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/afara-dev/afara/plugins/simnet"
)

// Operator is Airtel's name in the SIM network.
const Operator = "airtel"

// Options configures a Simulator. The zero value works but for Network.
type Options struct {
	// Network has the SIMs. Required; the simulator does not close it.
	Network *simnet.Network
	Now     func() time.Time // default: time.Now
	// Secret is what keys are made of: with the same one a restarted simulator
	// accepts them. Default: at random.
	Secret   []byte
	Settings Settings
}

// Settings are what the control API shows and changes.
type Settings struct {
	// TokenSeconds is how long a token holds. Default 180.
	TokenSeconds int64 `json:"tokenSeconds"`
	// OneToken ends an application's token when it is given another one.
	OneToken bool `json:"oneToken"`
	// NumberForm is how numbers are taken: national, the default, or
	// international, without the plus sign.
	NumberForm string `json:"numberForm"`
	// RSAPadding is the only one that decrypts: pkcs1v15, oaep_sha1, the default,
	// or oaep_sha256.
	RSAPadding string `json:"rsaPadding"`
	// Signed refuses what moves money without a right signature.
	Signed bool `json:"signed"`
	// PayoutsInProgress has payouts end later than they are answered.
	PayoutsInProgress bool `json:"payoutsInProgress"`
	// Ambiguous tells open transactions as TA, which may become anything.
	Ambiguous bool `json:"ambiguous"`
	// BareFailures leaves out why a transaction failed, as callbacks do.
	BareFailures bool `json:"bareFailures"`
}

// The forms of a number and the paddings.
const (
	national      = "national"
	international = "international"
	paddingPKCS1  = "pkcs1v15"
	paddingSHA1   = "oaep_sha1"
	paddingSHA256 = "oaep_sha256"
)

func (s Settings) filled() Settings {
	if s.TokenSeconds == 0 {
		s.TokenSeconds = 180
	}
	if s.NumberForm == "" {
		s.NumberForm = national
	}
	if s.RSAPadding == "" {
		s.RSAPadding = paddingSHA1
	}
	return s
}

func (s Settings) check() error {
	switch {
	case s.TokenSeconds < 1 || s.TokenSeconds > 86400:
		return errors.New("tokenSeconds: give 1 to 86400")
	case s.NumberForm != national && s.NumberForm != international:
		return errors.New("numberForm: give national or international")
	case !slices.Contains([]string{paddingPKCS1, paddingSHA1, paddingSHA256}, s.RSAPadding):
		return errors.New("rsaPadding: give pkcs1v15, oaep_sha1 or oaep_sha256")
	}
	return nil
}

// Simulator is the stand-in. It is safe for concurrent use.
type Simulator struct {
	net    *simnet.Network
	now    func() time.Time
	secret []byte
	mux    *http.ServeMux

	mu        sync.Mutex // guards all below; held for map operations only
	settings  Settings
	merchants map[string]merchant // by client id
	tokens    map[string]token
}

// New makes a Simulator on a network.
func New(o Options) (*Simulator, error) {
	s := &Simulator{
		net: o.Network, now: o.Now, secret: o.Secret, settings: o.Settings.filled(),
		merchants: map[string]merchant{}, tokens: map[string]token{},
	}
	if s.net == nil {
		return nil, errors.New("airtel simulator: no network")
	}
	if err := s.settings.check(); err != nil {
		return nil, err
	}
	if s.now == nil {
		s.now = time.Now
	}
	if len(s.secret) == 0 {
		s.secret = []byte(rand.Text())
	}
	s.mux = s.routes()
	s.net.Announce(Operator, s.callback)
	return s, nil
}

// ServeHTTP answers Airtel's API, and the control API under /_control.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Network is the SIM network behind it.
func (s *Simulator) Network() *simnet.Network { return s.net }

// Change replaces the settings.
func (s *Simulator) Change(settings Settings) error {
	settings = settings.filled()
	if err := settings.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = settings
	return nil
}

func (s *Simulator) current() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}
