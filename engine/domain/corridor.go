package domain

import "time"

// Corridor is what an environment has set up for one operator in one country:
// whether payments go there, through which connection, and what they cost. It
// is read for each payment and changes seldom: callers get a cached copy.
type Corridor struct {
	Environment EnvironmentID
	Operator    string // and its connector's name, e.g. mtn
	Country     string // ISO 3166-1 alpha-2
	// Connection carries its payments. It was enabled and the operator's when the
	// corridor was set up; whether it takes calls now is for the caller to see.
	Connection ConnectionID
	Enabled    bool
	Currency   string // ISO 4217
	// CommissionBps is the commission in hundredths of a percent, 0 to 10000.
	CommissionBps int64
	// MerchantAbsorptionPct is how much of the commission the merchant bears, in
	// percent.
	MerchantAbsorptionPct int64
	UnknownMSISDNPolicy   UnknownMSISDNPolicy
	CreatedAt             time.Time
	UpdatedAt             time.Time
}

// UnknownMSISDNPolicy is what becomes of a number that no test client has.
type UnknownMSISDNPolicy string

const (
	// UnknownReject ends the payment as UNKNOWN_MSISDN.
	UnknownReject UnknownMSISDNPolicy = "reject"
	// UnknownPassthrough goes on as if the number were known.
	UnknownPassthrough UnknownMSISDNPolicy = "passthrough"
)

// MerchantStore is what a payment is for: a shop, a site, an app of the
// organisation's. SandPay calls its slug the application.
type MerchantStore struct {
	Environment EnvironmentID
	Slug        string // unique in the environment
	Name        string
	// Active stores take payments. A store is never removed, for its payments
	// name it.
	Active    bool
	CreatedAt time.Time
}
