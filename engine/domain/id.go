package domain

import (
	"crypto/sha256"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// Ids are a prefix and a ULID, so that a person sees what one names and a
// database keeps them in the order of their making.
type (
	OrganisationID string // org_
	EnvironmentID  string // env_
	KeyID          string // key_
	ConnectionID   string // con_
	DocumentID     string // doc_
	MessageID      string // msg_
	AttemptID      string // att_
	EventID        string // evt_
	DeliveryID     string // dlv_
	EndpointID     string // wh_
	InvoiceID      string // inv_
	PaymentID      string // TX_
	PartyID        string // party_
	ItemID         string // item_
	NodeID         string // node_
	RequestID      string // req_
	AuditID        string // aud_
	WebhookID      string // hook_
	RunID          string // run_, of a read of a stream
	RecordID       string // rec_, of what was read
	EntryID        string // led_, of the ledger
	AdjustmentID   string // adj_, of the float
)

// WorkID is the id of what a work row is about: a message or a delivery.
type WorkID string

// Prefixes, with their underscore.
const (
	PrefixOrganisation = "org_"
	PrefixEnvironment  = "env_"
	PrefixKey          = "key_"
	PrefixConnection   = "con_"
	PrefixDocument     = "doc_"
	PrefixMessage      = "msg_"
	PrefixAttempt      = "att_"
	PrefixEvent        = "evt_"
	PrefixDelivery     = "dlv_"
	PrefixEndpoint     = "wh_"
	PrefixInvoice      = "inv_"
	PrefixInvoiceItem  = "invoiceitem_"
	PrefixPayment      = "TX_"
	PrefixParty        = "party_"
	PrefixItem         = "item_"
	PrefixNode         = "node_"
	PrefixRequest      = "req_"
	PrefixAudit        = "aud_"
	PrefixWebhook      = "hook_"
	PrefixRun          = "run_"
	PrefixRecord       = "rec_"
	PrefixEntry        = "led_"
	PrefixAdjustment   = "adj_"
)

// NewID makes an id of the given kind. Ids made by one process in one
// millisecond still sort in the order of their making.
func NewID[T ~string](prefix string) T {
	return T(prefix + ulid.Make().String())
}

// HashID makes the id of a natural key: the same parts give the same id, in
// ULID form so that all ids look alike.
func HashID[T ~string](prefix string, parts ...string) T {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	var id ulid.ULID
	copy(id[:], sum[:])
	id[0] &= 0x7f // a ULID's first character is at most 7
	return T(prefix + id.String())
}

// IsID reports whether s is a well-formed id with the given prefix.
func IsID(prefix, s string) bool {
	rest, ok := strings.CutPrefix(s, prefix)
	if !ok {
		return false
	}
	_, err := ulid.ParseStrict(rest)
	return err == nil
}

// Micros is t as SQL stores it: Unix microseconds, 0 for the zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the inverse of Micros, in UTC.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// WireTime is how times look in every JSON of ours: RFC 3339, UTC, with
// milliseconds.
const WireTime = "2006-01-02T15:04:05.000Z"

// FormatTime gives t in WireTime, or nil for the zero time, ready for a
// nullable JSON field.
func FormatTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Format(WireTime)
	return &s
}
