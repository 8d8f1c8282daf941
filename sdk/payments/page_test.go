package payments_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/afara-dev/afara/sdk/payments"
)

// TestThePageForIntegratorsNamesEverything holds docs/payments.md to this
// package: each field, status, code, event and scenario is on it.
func TestThePageForIntegratorsNamesEverything(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/payments.md")
	must(t, err)
	page := string(raw)
	names := []string{
		payments.CodeInvalidBody, payments.CodeInvalidParams, payments.CodeUnauthorized, payments.CodeInvalidAPIKey, payments.CodeQuotaExceeded,
		payments.CodeNotFound, payments.CodeEnvNotFound, payments.CodeDuplicateReference, payments.CodeExceedsRefundable, payments.CodeNotRefundable,
		payments.CodeRateLimited, payments.CodeInternal, payments.EventPaymentCompleted, payments.EventPaymentRefunded, payments.EventDisbursementCompleted,
		payments.ScenarioSuccess, payments.ScenarioPINInvalid, payments.ScenarioLowBalance, payments.ScenarioTimeout, payments.ScenarioBlocked,
		payments.ScenarioCancelled, payments.ScenarioUnknownMSISDN, payments.ScenarioLimitExceeded, payments.ScenarioMaintenance, payments.ScenarioDuplicate,
		payments.APIVersion,
	}
	for _, s := range payments.Statuses() {
		names = append(names, string(s))
		if !strings.Contains(page, "\n| `"+string(s)+"` | ") {
			t.Errorf("the page does not say what to do when the status is %s", s)
		}
	}
	for _, v := range []any{payments.Payment{}, payments.Collection{}, payments.Refund{}, payments.Disbursement{}, payments.Payout{}, payments.Event{}, payments.Meta{}} {
		of := reflect.TypeOf(v)
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			names = append(names, name)
		}
	}
	for _, name := range names {
		if !strings.Contains(page, "`"+name+"`") {
			t.Errorf("docs/payments.md does not name `%s`", name)
		}
	}
	changelog, err := os.ReadFile("../../docs/changelog.md")
	must(t, err)
	if !strings.Contains(string(changelog), "\n## "+payments.APIVersion+"\n") {
		t.Errorf("docs/changelog.md has nothing of %s", payments.APIVersion)
	}
}
