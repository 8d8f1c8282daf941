package simnet

import (
	"context"
	"encoding/base32"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Bounds of what a Network keeps.
const (
	maxSIMs     = 100_000
	maxAccounts = 10_000
	maxFaults   = 1_000
	// maxBalance keeps sums of balances far from the end of an int64.
	maxBalance = 1_000_000_000_000_000
)

// Options configures a Network. The zero value is a faithful network on the
// real clock.
type Options struct {
	Log *slog.Logger // default: discards
	// Now is the clock. With one given nothing happens by itself: Tick settles
	// what is due. Default: the real clock, and what is due happens.
	Now func() time.Time
	// Seed makes latencies and rates of faults repeatable; 0: at random.
	Seed     uint64
	Settings Settings
	// Keep is how many transactions are remembered; the oldest settled ones go
	// first, and with them the guard against their references. Default 100000.
	Keep int
	// MaxOpen is how many may be open at one time; what is more finds the
	// operator overloaded. Default 50000.
	MaxOpen int
	// Client sends the callbacks. Default: one with a time-out of 10 s.
	Client *http.Client
}

// Network is the SIM network. It is safe for concurrent use.
type Network struct {
	log           *slog.Logger
	now           func() time.Time
	keep, maxOpen int
	run           string // begins the ids that this network hands out
	courier       *courier

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wake   chan struct{} // tells the clock's goroutine of an earlier date
	ended  sync.WaitGroup

	mu       sync.Mutex // guards all below; held for operations on memory only
	random   *rand.Rand
	settings Settings
	policies map[place]string
	sims     map[simKey]*SIM
	accounts map[accountKey]*Account
	outside  map[string]int64 // by currency: what stands against all balances
	orders   map[orderKey]*order
	settled  []orderKey // in the order of settling, for forgetting
	open     int
	due      dueHeap
	serial   int64
	faults   []*armedFault
	tally    tally
}

// New makes a Network. Close ends it.
func New(o Options) *Network {
	n := &Network{
		log: o.Log, now: o.Now, keep: o.Keep, maxOpen: o.MaxOpen,
		run: base32.StdEncoding.EncodeToString([]byte{byte(rand.Uint32()), byte(rand.Uint32()), byte(rand.Uint32()), byte(rand.Uint32()), byte(rand.Uint32())}),

		wake: make(chan struct{}, 1), settings: o.Settings.filled(),
	}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if n.keep <= 0 {
		n.keep = 100_000
	}
	if n.maxOpen <= 0 {
		n.maxOpen = 50_000
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	n.random = rand.New(rand.NewPCG(o.Seed, o.Seed))
	n.empty()
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.courier = newCourier(n.ctx, n.log, o.Client)
	if n.now == nil {
		n.now = time.Now
		n.ended.Go(n.tickWhenDue)
	}
	return n
}

// empty makes the state of a network in which nothing happened yet.
func (n *Network) empty() {
	n.policies = map[place]string{}
	n.sims = map[simKey]*SIM{}
	n.accounts = map[accountKey]*Account{}
	n.outside = map[string]int64{}
	for _, t := range n.orders {
		t.tellEnd()
	}
	n.orders = map[orderKey]*order{}
	n.settled, n.open, n.due = nil, 0, nil
	n.faults = nil
	n.tally = newTally()
}

// Reset forgets SIMs, accounts, transactions, faults and counters; the settings
// stay.
func (n *Network) Reset() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.empty()
}

// Close ends what hangs on purpose and the callbacks under way, and waits for
// them.
func (n *Network) Close() error {
	n.cancel()
	n.ended.Wait()
	n.courier.wait()
	return nil
}

// tickWhenDue settles what is due on the real clock until the network closes.
func (n *Network) tickWhenDue() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-n.ctx.Done():
			return
		case <-n.wake:
		case <-timer.C:
		}
		timer.Reset(n.Tick())
	}
}

// alarm tells the clock's goroutine that something is due earlier than it knows.
func (n *Network) alarm() {
	select {
	case n.wake <- struct{}{}:
	default: // it is told already
	}
}
