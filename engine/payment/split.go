package payment

import "fmt"

// What Split takes. Within MaxAmount no step of it overflows 64 bits.
const (
	MaxAmount        = 900_000_000_000_000 // whole units of the currency
	MaxCommissionBPS = 10_000              // hundredths of a percent
	MaxAbsorptionPct = 100
)

// Who bears the commission, or most of it, as the API says it.
const (
	CommissionOfCustomer = "customer"
	CommissionOfMerchant = "merchant"
)

// Shares is an amount split, in whole units of its currency. For any amount
//
//	CustomerTotal = NetAmount + Commission
//	Commission    = MerchantShare + CustomerShare
//	Amount        = NetAmount + MerchantShare
type Shares struct {
	Amount        int64 // what was asked for
	Commission    int64
	MerchantShare int64 // the merchant's part of the commission
	CustomerShare int64 // the customer's
	NetAmount     int64 // credited to the merchant
	CustomerTotal int64 // debited from the customer
}

// Split splits the amount of a collection: the commission is commissionBPS
// hundredths of a percent of it, of which the merchant bears absorptionPct
// percent and the customer the rest. Both are rounded half up; what the customer
// bears is the difference, since two roundings would not add up. A payout has no
// commission: zero commissionBPS leaves the amount whole.
func Split(amount, commissionBPS, absorptionPct int64) (Shares, error) {
	switch {
	case amount < 1 || amount > MaxAmount:
		return Shares{}, fmt.Errorf("amount %d is not 1 to %d whole units of the currency", amount, int64(MaxAmount))
	case commissionBPS < 0 || commissionBPS > MaxCommissionBPS:
		return Shares{}, fmt.Errorf("commission_bps %d is not 0 to %d: write hundredths of a percent, 100 for 1 %%", commissionBPS, MaxCommissionBPS)
	case absorptionPct < 0 || absorptionPct > MaxAbsorptionPct:
		return Shares{}, fmt.Errorf("merchant_absorption_pct %d is not 0 to %d", absorptionPct, MaxAbsorptionPct)
	}
	commission := (amount*commissionBPS + MaxCommissionBPS/2) / MaxCommissionBPS
	merchant := (commission*absorptionPct + MaxAbsorptionPct/2) / MaxAbsorptionPct
	return Shares{
		Amount:        amount,
		Commission:    commission,
		MerchantShare: merchant,
		CustomerShare: commission - merchant,
		NetAmount:     amount - merchant,
		CustomerTotal: amount - merchant + commission,
	}, nil
}

// CommissionMode says who bears the commission: the one with the larger part,
// and at half and half the merchant.
func CommissionMode(absorptionPct int64) string {
	if 2*absorptionPct >= MaxAbsorptionPct {
		return CommissionOfMerchant
	}
	return CommissionOfCustomer
}
