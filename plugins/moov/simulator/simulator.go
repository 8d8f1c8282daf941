package simulator

import (
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/afara-dev/afara/plugins/simnet"
)

// Operator is Moov's name in the SIM network.
const Operator = "moov"

// Options configures a Simulator. The zero value works but for Network.
type Options struct {
	// Network has the SIMs. Required; the simulator does not close it.
	Network *simnet.Network
	// Secret is what credentials are made of: with the same one a restarted
	// simulator accepts them. Default: at random.
	Secret   []byte
	Settings Settings
}

// Settings are what the control API shows and changes.
type Settings struct {
	// WaitMillis is how long a call that waits for the end of a payment does so
	// before it answers that it is pending. Default 36000.
	WaitMillis int64 `json:"waitMillis"`
	// PlainTexts leaves out of texts what tells the ends of one code apart.
	PlainTexts bool `json:"plainTexts"`
}

const (
	defaultWait = 36_000
	maxWait     = 600_000
)

func (s Settings) filled() Settings {
	if s.WaitMillis == 0 {
		s.WaitMillis = defaultWait
	}
	return s
}

func (s Settings) check() error {
	if s.WaitMillis < 1 || s.WaitMillis > maxWait {
		return errors.New("waitMillis: give 1 to 600000")
	}
	return nil
}

func (s Settings) wait() time.Duration { return time.Duration(s.WaitMillis) * time.Millisecond }

// Simulator is the stand-in. It is safe for concurrent use.
type Simulator struct {
	net    *simnet.Network
	secret []byte
	mux    *http.ServeMux
	ids    *ids

	mu       sync.Mutex // guards all below; held for memory only
	settings Settings
}

// New makes a Simulator on a network.
func New(o Options) (*Simulator, error) {
	s := &Simulator{net: o.Network, secret: o.Secret, settings: o.Settings.filled(), ids: newIDs()}
	if s.net == nil {
		return nil, errors.New("moov simulator: no network")
	}
	if err := s.settings.check(); err != nil {
		return nil, err
	}
	if len(s.secret) == 0 {
		s.secret = []byte(rand.Text())
	}
	s.mux = s.routes()
	return s, nil
}

// ServeHTTP answers Moov's API, and the control API under /_control.
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
