package simulator

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Options configures a Simulator. The zero value is a faithful service without
// faults that keeps everything in memory.
type Options struct {
	Log *slog.Logger     // default: discards
	Now func() time.Time // default: time.Now
	// Keys keeps the provisioned businesses across restarts; nil keeps them in
	// memory only.
	Keys *KeyFile
	// NoDuplicateGuard lets an IRN be signed again and again. The service has
	// the guard; without it a client's mistakes have consequences to count.
	NoDuplicateGuard bool
	// Strict also checks the arithmetic, and the IRN's date against issue_date.
	Strict bool
	// Latency is added to every answer under /api/v1.
	Latency time.Duration
	// QRSample is N: one in N stamps given to /_control/qr with "sample" is
	// decrypted, the others are counted only. Default 1.
	QRSample int
	// KeepBodies is how many signed invoices stay available for download.
	// Default 5000; what confirm and search need is kept for all.
	KeepBodies int
	// Client sends the webhooks. Default: a client with a 10 s timeout.
	Client *http.Client
}

// Simulator is the stand-in. Safe for concurrent use; Close ends its webhooks.
type Simulator struct {
	log    *slog.Logger
	now    func() time.Time
	keys   *KeyFile
	client *http.Client
	mux    *http.ServeMux

	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	webhooks sync.WaitGroup

	mu       sync.Mutex // guards all below; held for map operations only
	settings Settings
	accounts accounts
	book     book
	faults   []*armedFault
	standing []*armedFault
	tally    Counters
}

// New makes a Simulator with the businesses that o.Keys holds.
func New(o Options) *Simulator {
	s := &Simulator{
		log: o.Log, now: o.Now, keys: o.Keys, client: o.Client,
		settings: Settings{
			DuplicateGuard: !o.NoDuplicateGuard, Strict: o.Strict,
			LatencyMillis: o.Latency.Milliseconds(), QRSample: max(o.QRSample, 1),
		},
		accounts: newAccounts(),
		book:     newBook(o.KeepBodies),
		tally:    newCounters(),
	}
	s.standing = armAll(standing())
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.client == nil {
		s.client = &http.Client{Timeout: 10 * time.Second}
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	for _, b := range o.Keys.businesses() {
		s.accounts.add(b)
	}
	s.mux = s.routes()
	return s
}

// ServeHTTP answers the service's API under /api and the control API under
// /_control.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close cuts what hangs on purpose, stops the webhooks and waits for them.
func (s *Simulator) Close() error {
	s.mu.Lock() // a webhook begins before, or not at all
	s.cancel()
	s.mu.Unlock()
	s.webhooks.Wait()
	return nil
}

// Settings are what /_control/settings shows and changes.
type Settings struct {
	DuplicateGuard bool  `json:"duplicateGuard"`
	Strict         bool  `json:"strict"`
	LatencyMillis  int64 `json:"latencyMillis"`
	QRSample       int   `json:"qrSample"`
}

func (s *Simulator) current() Settings {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.settings
}
