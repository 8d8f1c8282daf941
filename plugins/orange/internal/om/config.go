package om

import (
	"encoding/base64"
	"time"
)

// Dialect is one of Orange's families of APIs.
type Dialect string

// The dialects that are spoken.
const (
	// Webpay is Web Payment / M Payment: the payer goes to a page of Orange's.
	Webpay Dialect = "webpay"
	// Core is the core API: the payer's phone is rung.
	Core Dialect = "core"
)

// Config describes the way to Orange.
type Config struct {
	Dialect                           Dialect
	BaseURL                           string
	ClientID, ClientSecret, TokenPath string

	// Of Webpay. Place is the part of its path that names where: ci, or dev.
	MerchantKey, Place, Currency, ReturnURL, CancelURL, Language string

	// Of Core.
	AuthToken, ChannelNumber, PIN, CorePath string

	// Reasons are what texts of a failure mean; Hints has the stand-in's own
	// read, which a production connection never does.
	Reasons []Reason
	Hints   bool
	// Given is an access token that was asked for earlier.
	Given Grant
	// Timeout bounds a request that moves money, ReadTimeout any other.
	Timeout, ReadTimeout time.Duration
	// Connections bounds the open connections.
	Connections int
	Now         func() time.Time
}

func (c Config) basic() string {
	return base64.StdEncoding.EncodeToString([]byte(c.ClientID + ":" + c.ClientSecret))
}
