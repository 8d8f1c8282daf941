package simulator

import (
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/afara-dev/afara/plugins/simnet"
)

// Operator is Orange's name in the SIM network.
const Operator = "orange"

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
	// Strict holds a client to 50 access tokens a minute.
	Strict bool `json:"strict"`
	// TokenSeconds is how long a token holds. Default 3600; Orange's are seen
	// with 7776000 too.
	TokenSeconds int64 `json:"tokenSeconds"`
	// ExpiresText writes how long a token holds as a text; clients have seen
	// both.
	ExpiresText bool `json:"expiresText"`
	// NoHints leaves out of failures the text that says why: Orange gives no
	// reason in the web payment API, and none that is published in the core API.
	NoHints bool `json:"noHints"`
	// PlainTokens makes the tokens of a web payment of its order id, so that a
	// test can write a notification by hand.
	PlainTokens bool `json:"plainTokens"`
}

const maxTokenSeconds = 7_776_000 // 90 days

func (s Settings) filled() Settings {
	if s.TokenSeconds == 0 {
		s.TokenSeconds = 3600
	}
	return s
}

func (s Settings) check() error {
	if s.TokenSeconds < 1 || s.TokenSeconds > maxTokenSeconds {
		return errors.New("tokenSeconds: give 1 to 7776000")
	}
	return nil
}

// Simulator is the stand-in. It is safe for concurrent use.
type Simulator struct {
	net    *simnet.Network
	now    func() time.Time
	secret []byte
	mux    *http.ServeMux

	mu       sync.Mutex // guards all below; held for map operations only
	settings Settings
	tokens   map[string]token
	asked    map[string]window // by client id
	tickets  map[string]ticket // by pay token
	orders   map[orderKey]bool // order ids of the web payment API
	oldest   []string          // pay tokens in the order of their making
}

// New makes a Simulator on a network.
func New(o Options) (*Simulator, error) {
	s := &Simulator{
		net: o.Network, now: o.Now, secret: o.Secret, settings: o.Settings.filled(),
		tokens: map[string]token{}, asked: map[string]window{}, tickets: map[string]ticket{}, orders: map[orderKey]bool{},
	}
	if s.net == nil {
		return nil, errors.New("orange simulator: no network")
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
	s.net.Announce(Operator, s.notification)
	return s, nil
}

// ServeHTTP answers Orange's APIs, and the control API under /_control.
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
