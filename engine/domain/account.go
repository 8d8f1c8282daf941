package domain

import "regexp"

// Account names where money lies, in one environment and one currency.
type Account string

// The accounts that an environment has one of for each currency.
const (
	// AccountFloat is what the merchant has: collections credit it, refunds and
	// payouts debit it.
	AccountFloat Account = "float"
	// AccountCommission is what was kept of collections.
	AccountCommission Account = "commission"
	// AccountSuspense holds what nobody can say yet whose it is.
	AccountSuspense Account = "suspense"
)

// SIMAccount is the account of a SIM card in the sandbox, by its number in the
// international form (+2250707000001).
func SIMAccount(msisdn string) Account { return Account("sim:" + msisdn) }

// SettlementAccount is what an operator owes and is owed, by its name (mtn).
func SettlementAccount(operator string) Account { return Account("settlement:" + operator) }

var accountName = regexp.MustCompile(`^(float|commission|suspense|settlement:[a-z][a-z0-9_-]{0,39}|sim:\+[1-9][0-9]{6,14})$`)

// Valid reports whether a is the name of an account.
func (a Account) Valid() bool { return accountName.MatchString(string(a)) }
