package payment_test

import (
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/payment"
)

func TestSplitGivesTheWorkedTable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ amount, bps, pct, commission, merchant, customer, net, total int64 }{
		{25000, 100, 100, 250, 250, 0, 24750, 25000},
		{25000, 100, 0, 250, 0, 250, 25000, 25250},
		{25000, 100, 50, 250, 125, 125, 24875, 25125},
		{333, 150, 100, 5, 5, 0, 328, 333},
		{333, 150, 0, 5, 0, 5, 333, 338},
		{333, 150, 50, 5, 3, 2, 330, 335},
		{2500, 100, 50, 25, 13, 12, 2487, 2512},
		{2550, 100, 50, 26, 13, 13, 2537, 2563}, // 25.5
		{49, 100, 50, 0, 0, 0, 49, 49},          // 0.49
		{50, 100, 50, 1, 1, 0, 49, 50},          // 0.5, and 0.5 of it
		{1, 100, 100, 0, 0, 0, 1, 1},
		{99999, 175, 33, 1750, 578, 1172, 99421, 101171},
		{1000, 0, 100, 0, 0, 0, 1000, 1000},
		// The ends of what is taken.
		{payment.MaxAmount, 10000, 100, payment.MaxAmount, payment.MaxAmount, 0, 0, payment.MaxAmount},
		{payment.MaxAmount, 10000, 0, payment.MaxAmount, 0, payment.MaxAmount, payment.MaxAmount, 2 * payment.MaxAmount},
	} {
		want := payment.Shares{
			Amount: c.amount, Commission: c.commission, MerchantShare: c.merchant,
			CustomerShare: c.customer, NetAmount: c.net, CustomerTotal: c.total,
		}
		if got, err := payment.Split(c.amount, c.bps, c.pct); err != nil || got != want {
			t.Errorf("%d at %d bps, %d %%: %+v, %v, want %+v", c.amount, c.bps, c.pct, got, err, want)
		}
	}
}

// TestEverySplitAddsUp looks at more than 400,000 combinations.
func TestEverySplitAddsUp(t *testing.T) {
	t.Parallel()
	rates := []int64{0, 1, 25, 33, 50, 99, 100, 101, 150, 175, 250, 333, 500, 1000, 1250, 3333, 5000, 6667, 9999, 10000}
	amounts := []int64{333, 999, 2550, 25000, 99999, 1_000_001, 123_456_789, 999_999_999_999, payment.MaxAmount - 1, payment.MaxAmount}
	for a := int64(1); a <= 200; a++ {
		amounts = append(amounts, a)
	}
	combinations := 0
	for _, amount := range amounts {
		for _, bps := range rates {
			for pct := int64(0); pct <= 100; pct++ {
				combinations++
				s, err := payment.Split(amount, bps, pct)
				if wrong := fault(s, amount, bps, pct); err != nil || wrong != "" {
					t.Fatalf("%d at %d bps, %d %%: %+v, %v: %s", amount, bps, pct, s, err, wrong)
				}
			}
		}
	}
	if combinations < 300_000 {
		t.Errorf("only %d combinations", combinations)
	}
}

// fault says what is wrong with a split. The nearest integer n to x/d, the upper
// of two as near, is the one with -d/2 <= x - n*d < d/2.
func fault(s payment.Shares, amount, bps, pct int64) string {
	commission := amount*bps - s.Commission*10000
	merchant := s.Commission*pct - s.MerchantShare*100
	switch {
	case s.Amount != amount:
		return "another amount"
	case commission < -5000 || commission >= 5000:
		return "the commission is not rounded half up"
	case merchant < -50 || merchant >= 50:
		return "the merchant's share is not rounded half up"
	case s.MerchantShare+s.CustomerShare != s.Commission:
		return "the shares are not the commission"
	case s.NetAmount+s.Commission != s.CustomerTotal:
		return "net amount and commission are not the customer's total"
	case s.NetAmount+s.MerchantShare != amount, amount+s.CustomerShare != s.CustomerTotal:
		return "a share is not the difference to the amount"
	case min(s.Commission, s.MerchantShare, s.CustomerShare, s.NetAmount) < 0:
		return "something is negative"
	case pct == 100 && (s.CustomerTotal != amount || s.NetAmount != amount-s.Commission):
		return "the customer bears something"
	case pct == 0 && (s.NetAmount != amount || s.CustomerTotal != amount+s.Commission):
		return "the merchant bears something"
	}
	return ""
}

func TestWhatCannotBeSplitIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount, bps, pct int64
		names            string
	}{
		{0, 100, 100, "amount 0 is not 1 to 900000000000000"},
		{-1, 100, 100, "amount -1"},
		{payment.MaxAmount + 1, 100, 100, "amount 900000000000001"},
		{1, -1, 100, "commission_bps -1 is not 0 to 10000"},
		{1, 10001, 100, "commission_bps 10001"},
		{1, 100, -1, "merchant_absorption_pct -1 is not 0 to 100"},
		{1, 100, 101, "merchant_absorption_pct 101"},
	} {
		s, err := payment.Split(c.amount, c.bps, c.pct)
		if err == nil || !strings.Contains(err.Error(), c.names) || s != (payment.Shares{}) {
			t.Errorf("%d at %d bps, %d %%: %+v, %v", c.amount, c.bps, c.pct, s, err)
		}
	}
}

func TestTheModeIsWhoBearsMore(t *testing.T) {
	t.Parallel()
	for pct, want := range map[int64]string{0: "customer", 49: "customer", 50: "merchant", 51: "merchant", 100: "merchant"} {
		if got := payment.CommissionMode(pct); got != want {
			t.Errorf("%d %%: %s, want %s", pct, got, want)
		}
	}
}
