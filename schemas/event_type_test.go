package schemas_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/schemas"
)

// catalogue is the order in which the types are shown.
var catalogue = strings.Fields(`
	invoice.created invoice.validated invoice.signed invoice.transmitted invoice.acknowledged invoice.received
	invoice.rejected invoice.held invoice.failed invoice.paid invoice.voided
	receipt.created payment.received payment.completed payment.refunded payment.late_success disbursement.completed
	expense.created bill.created bill.paid customer.created customer.updated report.generated
	loan.disbursed loan.repayment health_score.changed
	connector.degraded connector.recovered webhook.disabled`)

func TestTheCatalogueHasEveryTypeInOrder(t *testing.T) {
	t.Parallel()
	var got []string
	for _, e := range schemas.EventTypes() {
		got = append(got, e.Name)
		if len(e.Description) < 20 || e.Schema != schemas.EventType(e.Name) || !schemas.IsEventType(e.Name) {
			t.Errorf("%+v", e)
		}
		if e.Emitter != schemas.EmitterEngine && (e.Emitter != schemas.EmitterIntegrator || e.Planned) {
			t.Errorf("%s: %s, planned %t", e.Name, e.Emitter, e.Planned)
		}
	}
	if !slices.Equal(got, catalogue) {
		t.Errorf("got  %v\nwant %v", got, catalogue)
	}
}

func TestEverySchemaOfAnEventIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	var files []string
	for _, id := range schemas.IDs() {
		if dir, file := filepath.Split(string(id)); strings.HasSuffix(dir, "/events/") {
			files = append(files, strings.TrimSuffix(file, ".json"))
		}
	}
	want := slices.Sorted(slices.Values(catalogue))
	if slices.Sort(files); !slices.Equal(files, want) {
		t.Errorf("got  %v\nwant %v", files, want)
	}
}

func TestASchemaOfAnEventBearsItsName(t *testing.T) {
	t.Parallel()
	for _, e := range schemas.EventTypes() {
		raw, err := schemas.Source(e.Schema)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Title      string
			Properties struct{ Event struct{ Enum []string } }
		}
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		if doc.Title != e.Name || !slices.Equal(doc.Properties.Event.Enum, []string{e.Name}) {
			t.Errorf("%s: %+v", e.Name, doc)
		}
	}
}

func TestTheCatalogueIsACopy(t *testing.T) {
	t.Parallel()
	types := schemas.EventTypes()
	at := slices.IndexFunc(types, func(e schemas.EventTypeInfo) bool { return len(e.Aliases) > 0 })
	types[at].Name, types[at].Aliases[0] = "x", "x"
	if got := schemas.EventTypes()[at]; got.Name != "invoice.signed" || !slices.Equal(got.Aliases, []string{"sale.sync"}) {
		t.Errorf("a caller changed the catalogue for all: %+v", got)
	}
}
