// Package codes knows the tax authority's code lists, as it serves them now,
// and translates our invoice types into its codes.
//
// The authority's type codes are its own: 381 is the commercial invoice and 380
// the credit note, the reverse of the international list. So a type is never
// passed on by number alone; its text decides.
package codes

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

// InvoiceTypes is the name of the list of invoice types.
const InvoiceTypes = "invoice-types"

const (
	// fresh is how long a loaded list is not asked for again.
	fresh = 24 * time.Hour
	// patience is how long after a failed load the next is tried: the lists
	// fail at times, and no invoice may wait for them each time.
	patience = 5 * time.Minute
)

// Row is one code with its meaning.
type Row struct {
	Code  string `json:"code"`
	Value string `json:"value"`
}

// Load fetches a list by name.
type Load func(ctx context.Context, name string) ([]Row, error)

// Types translates invoice types. Safe for concurrent use.
type Types struct {
	load Load
	now  func() time.Time

	loading chan struct{} // holds one while somebody loads
	mu      sync.Mutex
	rows    []Row     // nil: never loaded
	due     time.Time // zero: never tried
}

// NewTypes makes Types that fetch with load. now is the clock.
func NewTypes(load Load, now func() time.Time) *Types {
	return &Types{load: load, now: now, loading: make(chan struct{}, 1)}
}

// Refresh loads the list when it is older than 24 hours. Only one caller loads
// at a time. The others wait, until ctx ends, for the very first try only; later
// they go on with the old list or the built-in one. When loading fails that list
// stays in use for another five minutes; the error is for the log.
func (t *Types) Refresh(ctx context.Context) error {
	due, tried := t.state()
	if !due {
		return nil
	}
	if got, err := t.begin(ctx, !tried); !got {
		return err
	}
	defer func() { <-t.loading }()
	if due, _ := t.state(); !due {
		return nil // the one before us loaded it
	}
	rows, err := t.load(ctx, InvoiceTypes)
	if err == nil && len(rows) == 0 {
		err = fmt.Errorf("the list is empty")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil {
		t.due = t.now().Add(patience)
		return fmt.Errorf("load code list %s: %w", InvoiceTypes, err)
	}
	t.rows, t.due = rows, t.now().Add(fresh)
	return nil
}

// begin makes the caller the one who loads; with wait, as soon as nobody else
// does.
func (t *Types) begin(ctx context.Context, wait bool) (got bool, err error) {
	select {
	case t.loading <- struct{}{}:
		return true, nil
	default:
	}
	if !wait {
		return false, nil
	}
	select {
	case t.loading <- struct{}{}:
		return true, nil
	case <-ctx.Done():
		return false, fmt.Errorf("wait for code list %s: %w", InvoiceTypes, ctx.Err())
	}
}

func (t *Types) state() (due, tried bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.now().Before(t.due), !t.due.IsZero()
}

// Code answers the authority's code for our invoice type code, by the text of
// its meaning. The error says that the authority lists no such type now; a
// code with another meaning is never used in its place.
func (t *Types) Code(ours string) (string, error) {
	meaning, known := meaningOf(ours)
	if !known {
		return "", fmt.Errorf("invoice type %q is not one that this connector knows", ours)
	}
	t.mu.Lock()
	rows := t.rows
	t.mu.Unlock()
	if rows == nil {
		return ours, nil // the built-in list: our codes are the authority's
	}
	return find(rows, ours, meaning)
}

func find(rows []Row, ours, meaning string) (string, error) {
	other := ""
	for _, r := range rows {
		if !same(r.Value, meaning) {
			continue
		}
		if r.Code == ours { // two rows may share a text
			return ours, nil
		}
		other = r.Code
	}
	if other == "" {
		return "", fmt.Errorf("the tax authority lists no invoice type %q now", meaning)
	}
	return other, nil
}

// same compares meanings as people write them: case, blanks and hyphens do not
// count.
func same(a, b string) bool { return plain(a) == plain(b) }

func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' {
			return -1
		}
		return r
	}, strings.ToLower(s))
}
