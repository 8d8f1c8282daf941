package httpapi

import (
	"context"
	"encoding/csv"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
)

const (
	// maxExports bounds the exports at once: each may run for long.
	maxExports = 8
	// exportPage is how many entries are in memory at once.
	exportPage = 500
	// exportPageLimit bounds the reading of a page and the writing of it each;
	// exportLimit bounds the whole.
	exportPageLimit = 30 * time.Second
	exportLimit     = 30 * time.Minute
)

// prefersCSV reports whether the header Accept names CSV before JSON. Weights are
// not looked at.
func prefersCSV(r *http.Request) bool {
	for _, part := range strings.Split(strings.Join(r.Header.Values("Accept"), ","), ",") {
		switch media, _, _ := mime.ParseMediaType(part); media {
		case "text/csv":
			return true
		case "application/json", "application/*", "*/*":
			return false
		}
	}
	return false
}

// exportLedger writes all entries as CSV (RFC 4180), a row for each posting, page
// after page. An export that fails on its way ends in a broken connection, so that
// nobody takes it for whole.
func (a *api) exportLedger(w http.ResponseWriter, r *http.Request, f ledger.Filter) error {
	if !a.exports.take() {
		return errBusy
	}
	defer a.exports.free()
	// An export takes longer than a request may; a caller who leaves ends it by
	// what can no longer be written.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), exportLimit)
	defer cancel()
	env := principal(r).Environment.ID
	f.Limit = exportPage
	page, err := a.exportPage(ctx, env, f)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", `attachment; filename="ledger.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write([]string{"entryId", "at", "kind", "resource", "currency", "account", "amount"}) // Flush says what failed
	for {
		// Not every writer has a deadline, and the server's own one is for short
		// answers.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportPageLimit))
		writeRows(out, page)
		if out.Flush(); out.Error() != nil {
			panic(http.ErrAbortHandler)
		}
		if len(page) < exportPage {
			return nil
		}
		f.Before = page[len(page)-1].ID
		if page, err = a.exportPage(ctx, env, f); err != nil {
			a.cfg.Log.Warn("export the ledger", "requestId", requestID(ctx), "error", err)
			panic(http.ErrAbortHandler)
		}
	}
}

func (a *api) exportPage(ctx context.Context, env domain.EnvironmentID, f ledger.Filter) ([]domain.LedgerEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, exportPageLimit)
	defer cancel()
	return a.cfg.Ledger.Entries(ctx, env, f)
}

func writeRows(out *csv.Writer, page []domain.LedgerEntry) {
	for _, e := range page {
		for _, p := range e.Postings {
			_ = out.Write([]string{
				string(e.ID), wire(e.At), cell(e.Kind), cell(e.Resource), cell(e.Currency), cell(string(p.Account)), strconv.FormatInt(p.Amount, 10),
			})
		}
	}
}

// cell keeps a spreadsheet from taking text for a formula.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
