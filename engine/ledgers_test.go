package engine_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/domain"
)

// An entry that a change holds is in the ledger when the change is stored, and the
// node folds it.
func TestANodeFoldsWhatIsPosted(t *testing.T) {
	t.Parallel()
	w := start(t)
	must(t, w.engine.Applier.Apply(t.Context(), domain.Change{Parts: []domain.Part{domain.LedgerEntry{
		ID: domain.NewID[domain.EntryID](domain.PrefixEntry), Environment: w.env, Kind: "collection", Resource: "TX_1", Currency: "XOF", At: time.Now(),
		Postings: []domain.Posting{{Account: domain.SIMAccount("+2250707000001"), Amount: -10}, {Account: domain.AccountFloat, Amount: 10}},
	}}}))
	var got struct {
		Data []struct {
			Account string
			Balance int64
		}
	}
	if status := w.call(http.MethodGet, "/v1/ledger/accounts?account=float", nil, &got); status != http.StatusOK || len(got.Data) != 1 || got.Data[0].Balance != 10 {
		t.Errorf("status %d: %+v", status, got)
	}
	metrics := func() string {
		page := httptest.NewRecorder()
		w.engine.Metrics().Handler().ServeHTTP(page, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", http.NoBody))
		return page.Body.String()
	}
	eventually(t, "both postings are folded", func() bool { return strings.Contains(metrics(), "afara_ledger_folded_total 2\n") })
	if page := metrics(); !strings.Contains(page, `afara_ledger_faults_total{kind="snapshot"} 0`) || !strings.Contains(page, `afara_ledger_faults_total{kind="tail"} 0`) {
		t.Error(page)
	}
}
