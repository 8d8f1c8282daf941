package simnet_test

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/plugins/simnet/simnettest"
	"github.com/afara-dev/afara/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	ada = "+2250501234567"
	bob = "+2250507654321"
)

// bench is a network with a clock of its own, and Ada in it.
type bench struct{ *simnettest.Network }

func setup(t testing.TB, o simnet.Options) *bench {
	t.Helper()
	b := &bench{simnettest.New(t, o)}
	b.put(t, ada, 10_000)
	return b
}

func (b *bench) put(t testing.TB, number string, balance int64) {
	t.Helper()
	b.Put(t, simnet.SIM{Operator: "mtn", Number: number, Country: "CI", Currency: "XOF", Balance: balance})
}

func order(reference string, kind simnet.Kind, amount int64) simnet.Order {
	return simnet.Order{
		Operator: "mtn", Reference: reference, Kind: kind, Account: "shop", Number: ada, Country: "CI", Currency: "XOF", Amount: amount,
	}
}

func (b *bench) begin(t testing.TB, o simnet.Order) simnet.Transaction {
	t.Helper()
	began, err := b.Begin(o)
	if err != nil {
		t.Fatal(err)
	}
	return began
}

// ends lets the longest latency go by and holds the outcome.
func (b *bench) ends(t testing.TB, reference string, want schemas.PaymentStatus) simnet.Transaction {
	t.Helper()
	b.Pass(36 * time.Second)
	found, _ := b.Find("mtn", reference)
	if found.Outcome != want {
		t.Fatalf("%s ended as %s, want %s", reference, found.Outcome, want)
	}
	return found
}

func (b *bench) balance(t testing.TB, number string) int64 {
	t.Helper()
	s, err := b.SIM("mtn", number)
	if err != nil {
		t.Fatal(err)
	}
	return s.Balance
}

// even holds the books to their sum.
func (b *bench) even(t testing.TB) {
	t.Helper()
	for currency, books := range b.Books() {
		if sum := books.SIMs + books.Accounts + books.Outside; sum != 0 {
			t.Errorf("%s: %+v add up to %d", currency, books, sum)
		}
	}
}

func (b *bench) holds(t testing.TB, want string) {
	t.Helper()
	if got := fmt.Sprintf("%d %d", b.balance(t, ada), b.Float("mtn", "shop", "XOF")); got != want {
		t.Errorf("SIM and account have %s, want %s", got, want)
	}
	b.even(t)
}
