package domain

import (
	"fmt"
	"regexp"
	"time"
)

// LedgerEntry is money that moved, once and for ever: what it takes from some
// accounts it gives to others.
type LedgerEntry struct {
	ID          EntryID
	Environment EnvironmentID
	// Kind says why: collection, refund, disbursement, late_success, adjustment. A
	// resource has one entry of a kind, so none is posted twice: ErrPosted.
	Kind     string
	Resource string // id of the payment or adjustment
	Currency string // e.g. "XOF"
	At       time.Time
	// Postings add up to zero, and name each account once.
	Postings []Posting
}

// Posting is what an entry does to one account.
type Posting struct {
	Account Account
	// Amount is in whole units of the currency as operators count them; positive
	// credits the account, negative debits it. A posting of 0 is left out.
	Amount int64
	// AtLeastZero makes a debit wait for the account's other ones, and refuses the
	// change when it would leave less than zero. Without it, and for a credit,
	// nobody waits and nothing is asked.
	AtLeastZero bool
	// Refused is the caller's error when the balance does not suffice; required
	// with AtLeastZero.
	Refused error
}

// PartOf makes a LedgerEntry a part of a Change.
func (LedgerEntry) PartOf() PartKind { return PartLedger }

// ErrPosted refuses a change with an entry whose resource has one of its kind
// already.
var ErrPosted = &Error{Kind: KindConflict, Code: "already_posted",
	Detail: "The ledger has an entry of this kind for this resource already. Nothing was stored."}

// ErrEntry refuses a change with an entry that breaks a rule. Whoever made the
// entry is wrong; no caller is.
var ErrEntry = &Error{Kind: KindInternal, Code: "bad_ledger_entry"}

const (
	// MaxPosting bounds the amount of a posting, so that no sum of an entry
	// overflows.
	MaxPosting = 1_000_000_000_000_000
	// MaxPostings bounds the accounts of an entry.
	MaxPostings = 64
)

var (
	entryKind     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	entryResource = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,100}$`)
	entryCurrency = regexp.MustCompile(`^[A-Z]{3,4}$`)
)

// Check is ErrEntry with the rule that e breaks, nil when it can be posted.
func (e LedgerEntry) Check() error {
	for _, rule := range []struct {
		holds bool
		says  string
	}{
		{IsID(PrefixEntry, string(e.ID)), fmt.Sprintf("ID: %q is no id of an entry: use NewID with %s", e.ID, PrefixEntry)},
		{e.Environment != "", "Environment: is empty: name the one whose money it is"},
		{entryKind.MatchString(e.Kind), fmt.Sprintf("Kind: %q is none: use small letters, digits and _, at most 40", e.Kind)},
		{entryResource.MatchString(e.Resource), fmt.Sprintf("Resource: %q is none: use the id of the payment or adjustment", e.Resource)},
		{entryCurrency.MatchString(e.Currency), fmt.Sprintf("Currency: %q is none: use its code of 3 or 4 capital letters", e.Currency)},
		{Micros(e.At) > 0, "At: is no time after 1970: give the store's"},
		{len(e.Postings) <= MaxPostings, fmt.Sprintf("Postings: are %d: %d may be in one entry", len(e.Postings), MaxPostings)},
	} {
		if !rule.holds {
			return ErrEntry.Detailed(rule.says)
		}
	}
	return e.checkPostings()
}

func (e LedgerEntry) checkPostings() error {
	sum, moved, seen := int64(0), false, make(map[Account]bool, len(e.Postings))
	for _, p := range e.Postings {
		switch {
		case !p.Account.Valid():
			return ErrEntry.Detailed(fmt.Sprintf("Postings: %q is no account: see Account", p.Account))
		case seen[p.Account]:
			return ErrEntry.Detailed(fmt.Sprintf("Postings: %s is there twice: post the sum", p.Account))
		case p.Amount > MaxPosting, p.Amount < -MaxPosting:
			return ErrEntry.Detailed(fmt.Sprintf("Postings: %s has %d: at most %d may move at once", p.Account, p.Amount, int64(MaxPosting)))
		case p.AtLeastZero && p.Refused == nil:
			return ErrEntry.Detailed(fmt.Sprintf("Postings: %s may be refused: set Refused", p.Account))
		}
		sum, moved, seen[p.Account] = sum+p.Amount, moved || p.Amount != 0, true
	}
	switch {
	case !moved:
		return ErrEntry.Detailed("Postings: move nothing: an entry without an amount is none")
	case sum != 0:
		return ErrEntry.Detailed(fmt.Sprintf("Postings: add up to %d: credits and debits must cancel out", sum))
	}
	return nil
}
