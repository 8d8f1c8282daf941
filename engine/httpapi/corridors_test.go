package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
)

// shownCorridor and shownStore are what tests read of an answer.
type shownCorridor struct {
	Operator, Country, Currency, UnknownMSISDNPolicy string
	Enabled                                          bool
	CommissionBps, MerchantAbsorptionPct             int64
	ConnectionID                                     domain.ConnectionID
}

type shownStore struct {
	Slug, Name string
	Active     bool
}

func TestACorridorIsSetUpChangedAndDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	connection := w.mtn(w.ours, "CI")
	audit := newAuditor(w)
	const path = "/si/corridors/mtn/CI"
	var c shownCorridor
	w.want(http.StatusCreated, &c, w.ours.write, "PUT", path, `{"merchantAbsorptionPct":40}`)
	want := shownCorridor{"mtn", "CI", "XOF", "reject", true, 100, 40, connection}
	if c != want {
		t.Errorf("made %+v", c)
	}
	audit.want(w.ours.write, "corridor.create mtn/CI connectionId "+string(connection)+", enabled true, currency XOF, commissionBps 100, merchantAbsorptionPct 40, unknownMsisdnPolicy reject")
	w.want(http.StatusOK, &c, w.ours.write, "PUT", path, `{"enabled":false,"unknownMsisdnPolicy":"passthrough"}`)
	want.Enabled, want.UnknownMSISDNPolicy = false, "passthrough"
	if c != want {
		t.Errorf("changed to %+v", c)
	}
	audit.want(w.ours.write, "corridor.change mtn/CI enabled true to false, unknownMsisdnPolicy reject to passthrough")
	var list struct{ Data []shownCorridor }
	w.want(http.StatusOK, &list, w.ours.read, "GET", "/si/corridors", "")
	if len(list.Data) != 1 || list.Data[0] != want {
		t.Errorf("%+v", list)
	}
	connections := "/si/connections/" + string(connection)
	w.want(http.StatusOK, nil, w.ours.write, "POST", connections+"/disable", "")
	audit.want(w.ours.write, "connection.disable "+string(connection)+" version 2: disabled")
	w.clock.Add(hour)
	w.refused(http.StatusConflict, "connection_carries_corridor", w.ours.write, "DELETE", connections, "")
	w.want(http.StatusOK, nil, w.ours.write, "DELETE", path, "")
	audit.want(w.ours.write, "corridor.delete mtn/CI")
	w.refused(http.StatusNotFound, "corridor_not_found", w.ours.read, "GET", path, "")
	w.refused(http.StatusNotFound, "corridor_not_found", w.ours.write, "DELETE", path, "")
	w.want(http.StatusOK, nil, w.ours.write, "DELETE", connections, "")
}

func TestACorridorIsRefusedWithEachFaultNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mtn(w.ours, "RW")
	theirs := string(w.mtn(w.theirs, "CI"))
	audit := newAuditor(w)
	for _, c := range []struct{ path, body, want string }{
		{"/si/corridors/mtn/CI", `{}`, "required@/connectionId"},
		{"/si/corridors/mtn/CI", `{"connectionId":"` + theirs + `"}`, "connection_not_found@/connectionId"},
		{"/si/corridors/mtn/CI", `{"connectionId":"` + string(w.ours.connection) + `"}`, "other_connector@/connectionId"},
		{"/si/corridors/wave/SN", `{"commissionBps":1.5,"merchantAbsorptionPct":101,"more":1}`, "type@/commissionBps maximum@/merchantAbsorptionPct unknown_field@/more operator_unknown@/path/operator"},
		{"/si/corridors/airtel/CI", `{"currency":"F CFA","unknownMsisdnPolicy":"no","connectionId":"con_1","enabled":"yes"}`,
			"pattern@/connectionId pattern@/currency type@/enabled country_unknown@/path/country enum@/unknownMsisdnPolicy"},
		{"/si/corridors/mtn/RW", `{"commissionBps":10001}`, "maximum@/commissionBps"},
		{"/si/corridors/mtn/RW", `[]`, "type@"},
	} {
		p := w.refused(http.StatusUnprocessableEntity, "invalid_body", w.ours.write, "PUT", c.path, c.body)
		if got := faultsOf(t, p); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.path, c.body, got, c.want)
		}
	}
	w.refused(http.StatusBadRequest, "malformed_body", w.ours.write, "PUT", "/si/corridors/mtn/RW", `{`)
	audit.want(w.ours.write)
}

func faultsOf(t *testing.T, p problem) string {
	t.Helper()
	var got []string
	for _, e := range p.Errors {
		if e.Detail == "" || e.Fix == "" {
			t.Errorf("%+v says too little", e)
		}
		got = append(got, e.Code+"@"+e.Pointer)
	}
	return strings.Join(got, " ")
}
