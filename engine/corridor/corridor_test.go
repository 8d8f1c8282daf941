package corridor_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/corridor"
	"github.com/afara-dev/afara/engine/domain"
)

func TestACorridorIsMadeWithItsDefaultsAndChangedInPart(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		made := w.put(s, "mtn", "CI", corridor.Patch{})
		want := domain.Corridor{
			Environment: ours, Operator: "mtn", Country: "CI", Connection: "con_ci", Enabled: true, Currency: "XOF",
			CommissionBps: 100, MerchantAbsorptionPct: 100, UnknownMSISDNPolicy: domain.UnknownReject, CreatedAt: w.clock.Now(), UpdatedAt: w.clock.Now(),
		}
		if made != want {
			w.Errorf("made %+v", made)
		}
		if c := w.put(s, "mtn", "RW", corridor.Patch{}); c.Currency != "RWF" || c.Connection != "con_rw" {
			w.Errorf("Rwanda's is %+v", c)
		}
		if c := w.put(s, "moov", "TG", corridor.Patch{CommissionBps: ptr(int64(0)), Enabled: ptr(false)}); c.CommissionBps != 0 || c.Enabled || c.Connection != "con_moov" {
			w.Errorf("Moov's is %+v", c)
		}
		if c := w.put(s, "moov", "BJ", corridor.Patch{}); c.CommissionBps != 150 {
			w.Errorf("Moov costs %d", c.CommissionBps)
		}
		w.clock.Add(time.Minute)
		changed := w.put(s, "mtn", "CI", corridor.Patch{CommissionBps: ptr(int64(250)), UnknownMSISDNPolicy: ptr(domain.UnknownPassthrough)})
		want.CommissionBps, want.UnknownMSISDNPolicy, want.UpdatedAt = 250, domain.UnknownPassthrough, w.clock.Now()
		if changed != want {
			w.Errorf("changed to %+v", changed)
		}
		if read, err := s.Corridor(w.Context(), ours, "mtn", "CI"); err != nil || read != want {
			w.Errorf("reads %+v, %v", read, err)
		}
		w.put(s, "mtn", "CI", corridor.Patch{})
		w.must(s.Delete(w.Context(), ours, "moov", "TG", person))
		const terms = "enabled true, currency XOF, commissionBps 100, merchantAbsorptionPct 100, unknownMsisdnPolicy reject"
		got := w.audited()
		if wanted := []string{
			"corridor.create mtn/CI connectionId con_ci, " + terms,
			"corridor.create mtn/RW connectionId con_rw, enabled true, currency RWF, commissionBps 100, merchantAbsorptionPct 100, unknownMsisdnPolicy reject",
			"corridor.create moov/TG connectionId con_moov, enabled false, currency XOF, commissionBps 0, merchantAbsorptionPct 100, unknownMsisdnPolicy reject",
			"corridor.create moov/BJ connectionId con_moov, enabled true, currency XOF, commissionBps 150, merchantAbsorptionPct 100, unknownMsisdnPolicy reject",
			"corridor.change mtn/CI commissionBps 100 to 250, unknownMsisdnPolicy reject to passthrough",
			"corridor.change mtn/CI nothing",
			"corridor.delete moov/TG",
		}; !slices.Equal(got, wanted) {
			w.Errorf("audited %q", got)
		}
	})
}

func TestEachFaultOfACorridorIsNamedAtOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		w.put(s, "mtn", "CI", corridor.Patch{})
		for _, c := range []struct {
			operator, country string
			patch             corridor.Patch
			want              string
		}{
			{"wave", "CI", corridor.Patch{CommissionBps: ptr(int64(-1))}, "range@/commissionBps operator_unknown@/path/operator"},
			{"orange", "BJ", corridor.Patch{}, "country_unknown@/path/country"},
			{"mtn", "ci", corridor.Patch{}, "country_unknown@/path/country"},
			{"mtn", "BJ", corridor.Patch{}, "required@/connectionId"},    // none is for Benin
			{"orange", "CI", corridor.Patch{}, "required@/connectionId"}, // which of the two
			{"mtn", "CI", corridor.Patch{
				Currency: ptr("cfa"), CommissionBps: ptr(int64(10_001)), MerchantAbsorptionPct: ptr(int64(101)),
				UnknownMSISDNPolicy: ptr(domain.UnknownMSISDNPolicy("maybe")), Connection: ptr(domain.ConnectionID("con_none")),
			}, "range@/commissionBps connection_not_found@/connectionId pattern@/currency range@/merchantAbsorptionPct enum@/unknownMsisdnPolicy"},
			{"mtn", "CI", corridor.Patch{Connection: ptr(domain.ConnectionID("con_firs"))}, "other_connector@/connectionId"},
			{"mtn", "CI", corridor.Patch{Connection: ptr(domain.ConnectionID("con_rw"))}, "other_country@/connectionId"},
			{"moov", "CI", corridor.Patch{Connection: ptr(domain.ConnectionID("con_off"))}, "connection_disabled@/connectionId"},
			{"mtn", "RW", corridor.Patch{Currency: ptr("XOF"), Connection: ptr(domain.ConnectionID("con_rw"))}, "other_currency@/currency"},
		} {
			_, _, err := s.Put(w.Context(), ours, c.operator, c.country, c.patch, person)
			if got := faults(w.T, err); got != c.want {
				w.Errorf("%s/%s: %s, want %s", c.operator, c.country, got, c.want)
			}
		}
		// Nobody's connections are another's.
		_, _, err := s.Put(w.Context(), theirs, "mtn", "CI", corridor.Patch{Connection: ptr(domain.ConnectionID("con_ci"))}, person)
		if got := faults(w.T, err); got != "connection_not_found@/connectionId" {
			w.Errorf("another environment took our connection: %s", got)
		}
		if got := len(w.audited()); got != 1 {
			w.Errorf("%d entries after refusals", got)
		}
	})
}

// What has become of the connection since is no reason to refuse another change,
// such as the one that disables the corridor.
func TestACorridorCanBeChangedWhenItsConnectionIsDisabled(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		w.put(s, "mtn", "RW", corridor.Patch{})
		w.carriers[1].Enabled = false
		if c := w.put(s, "mtn", "RW", corridor.Patch{Enabled: ptr(false)}); c.Enabled {
			w.Errorf("%+v", c)
		}
		_, _, err := s.Put(w.Context(), ours, "mtn", "RW", corridor.Patch{Currency: ptr("XOF")}, person)
		if got := faults(w.T, err); got != "other_currency@/currency" {
			w.Error(got)
		}
	})
}

func TestTwinsMakeOneCorridorAndNoChangeIsLost(t *testing.T) {
	onBoth(t, func(w *world) {
		nodes := []*corridor.Service{w.service(), w.service()}
		var made atomic.Int64
		var group sync.WaitGroup
		start := make(chan struct{})
		for i := range 32 {
			p := corridor.Patch{CommissionBps: ptr(int64(7))}
			if i%4 < 2 { // both nodes make both changes
				p = corridor.Patch{MerchantAbsorptionPct: ptr(int64(9))}
			}
			group.Go(func() {
				<-start
				_, is, err := nodes[i%2].Put(w.Context(), ours, "mtn", "CI", p, person)
				if err != nil {
					w.Error(err)
				}
				if is {
					made.Add(1)
				}
			})
		}
		close(start)
		group.Wait()
		c, err := nodes[0].Corridor(w.Context(), ours, "mtn", "CI")
		if err != nil || made.Load() != 1 || c.CommissionBps != 7 || c.MerchantAbsorptionPct != 9 {
			w.Errorf("made %d times, %+v, %v", made.Load(), c, err)
		}
		if got := len(w.audited()); got != 32 {
			w.Errorf("%d entries", got)
		}
	})
}

func TestPaymentsFindWhatIsEnabledFromMemory(t *testing.T) {
	onBoth(t, func(w *world) {
		here, there := w.service(), w.service()
		find := func(s *corridor.Service) (int64, error) {
			c, err := s.Find(w.Context(), ours, "mtn", "CI")
			return c.CommissionBps, err
		}
		for _, s := range []*corridor.Service{here, there} {
			if _, err := find(s); !errors.Is(err, corridor.ErrNotFound) {
				w.Errorf("found before it was made: %v", err)
			}
		}
		w.put(here, "mtn", "CI", corridor.Patch{})
		for _, s := range []*corridor.Service{here, there} {
			if bps, err := find(s); err != nil || bps != 100 {
				w.Errorf("an absence was kept: %d, %v", bps, err)
			}
		}
		if _, err := here.Find(w.Context(), theirs, "mtn", "CI"); !errors.Is(err, corridor.ErrNotFound) {
			w.Errorf("another environment finds ours: %v", err)
		}
		w.put(here, "mtn", "CI", corridor.Patch{CommissionBps: ptr(int64(200))})
		if bps, _ := find(here); bps != 200 {
			w.Errorf("%d here, where it was changed", bps)
		}
		if bps, _ := find(there); bps != 100 {
			w.Errorf("%d there, which should not have read", bps)
		}
		w.clock.Add(1001 * time.Millisecond)
		if bps, _ := find(there); bps != 200 {
			w.Errorf("%d there, a second later", bps)
		}
		w.put(here, "mtn", "CI", corridor.Patch{CommissionBps: ptr(int64(300))})
		w.clock.Add(-time.Hour)
		if bps, _ := find(there); bps != 300 {
			w.Errorf("%d there, after the clock was set back", bps)
		}
		w.put(here, "mtn", "CI", corridor.Patch{Enabled: ptr(false)})
		if _, err := find(here); !errors.Is(err, corridor.ErrNotFound) {
			w.Errorf("found though it is disabled: %v", err)
		}
		w.put(here, "mtn", "CI", corridor.Patch{Enabled: ptr(true)})
		w.must(here.Delete(w.Context(), ours, "mtn", "CI", person))
		if _, err := find(here); !errors.Is(err, corridor.ErrNotFound) {
			w.Errorf("found though it is deleted: %v", err)
		}
		if err := here.Delete(w.Context(), ours, "mtn", "CI", person); !errors.Is(err, corridor.ErrNotFound) {
			w.Errorf("deleted again: %v", err)
		}
	})
}

func TestCorridorsAreListedInTheirOrder(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		for _, c := range [][2]string{{"mtn", "RW"}, {"moov", "TG"}, {"mtn", "CI"}, {"moov", "CI"}} {
			w.put(s, c[0], c[1], corridor.Patch{})
		}
		list, err := s.Corridors(w.Context(), ours)
		var names []string
		for _, c := range list {
			names = append(names, c.Operator+"/"+c.Country)
		}
		if err != nil || !slices.Equal(names, []string{"moov/CI", "moov/TG", "mtn/CI", "mtn/RW"}) {
			w.Errorf("%v, %v", names, err)
		}
		if list, err = s.Corridors(w.Context(), theirs); err != nil || len(list) != 0 {
			w.Errorf("another environment lists %v, %v", list, err)
		}
	})
}

func TestAConnectionIsNotDeletedWhileACorridorNamesIt(t *testing.T) {
	onBoth(t, func(w *world) {
		s := w.service()
		w.put(s, "mtn", "CI", corridor.Patch{Enabled: ptr(false)})
		gone := func(id domain.ConnectionID) error {
			return w.applier.Apply(w.Context(), domain.Change{Parts: []domain.Part{corridor.Gone(id, w.clock.Now())}})
		}
		if err := gone("con_ci"); !errors.Is(err, corridor.ErrCarries) {
			w.Errorf("deleted under its corridor: %v", err)
		}
		w.must(gone("con_moov"))
		w.must(s.Delete(w.Context(), ours, "mtn", "CI", person))
		w.must(gone("con_ci"))
	})
}
