package simulator

import (
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/afara-dev/afara/plugins/simnet"
)

// Operator is MTN's name in the SIM network.
const Operator = "mtn"

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
	// Strict is MTN's own sandbox: EUR only in the target environment sandbox,
	// and callbacks only to https, without a port.
	Strict bool `json:"strict"`
	// TokenSeconds is how long a token holds. Default 3600.
	TokenSeconds int64 `json:"tokenSeconds"`
	// CallbackVerb is POST or PUT; MTN's pages tell both. Default POST.
	CallbackVerb string `json:"callbackVerb"`
	// ReasonObject writes the reason of a failure as {code, message} instead of
	// a text; clients have seen both.
	ReasonObject bool `json:"reasonObject"`
}

func (s Settings) filled() Settings {
	if s.TokenSeconds == 0 {
		s.TokenSeconds = 3600
	}
	if s.CallbackVerb == "" {
		s.CallbackVerb = http.MethodPost
	}
	return s
}

func (s Settings) check() error {
	if s.TokenSeconds < 1 || s.TokenSeconds > 86400 {
		return errors.New("tokenSeconds: give 1 to 86400")
	}
	if s.CallbackVerb != http.MethodPost && s.CallbackVerb != http.MethodPut {
		return errors.New("callbackVerb: give POST or PUT")
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
	users    map[string]user // by id
	tokens   map[string]token
}

// New makes a Simulator on a network.
func New(o Options) (*Simulator, error) {
	s := &Simulator{
		net: o.Network, now: o.Now, secret: o.Secret, settings: o.Settings.filled(),
		users: map[string]user{}, tokens: map[string]token{},
	}
	if s.net == nil {
		return nil, errors.New("mtn simulator: no network")
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

// ServeHTTP answers MTN's API, and the control API under /_control.
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
