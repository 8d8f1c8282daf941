package simulator_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/simulator"
)

func newServer(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return server.URL
}

func TestASigningOnADoubtIsAViolation(t *testing.T) {
	t.Parallel()
	confirm := func(t *testing.T, b *bench) { b.ask(t, "GET", "/api/v1/invoice/confirm/"+b.irn("A1"), "") }
	search := func(t *testing.T, b *bench) {
		b.ask(t, "GET", "/api/v1/invoice/"+b.us.BusinessID+"?irn="+b.irn("A1"), "")
	}
	sign := func(t *testing.T, b *bench) { b.sign(t, "A1") }
	for _, c := range []struct {
		name  string
		fault simulator.Fault
		steps []func(*testing.T, *bench)
		want  int64
	}{
		{"500 and again", simulator.Fault{Kind: simulator.FaultStatus}, []func(*testing.T, *bench){sign, sign}, 1},
		{"500 thrice", simulator.Fault{Kind: simulator.FaultStatus}, []func(*testing.T, *bench){sign, sign, sign}, 2},
		{"500, confirm, again", simulator.Fault{Kind: simulator.FaultStatus}, []func(*testing.T, *bench){sign, confirm, sign}, 0},
		{"500, search, again", simulator.Fault{Kind: simulator.FaultStatus}, []func(*testing.T, *bench){sign, search, sign}, 0},
		{"confirm before counts nothing", simulator.Fault{Kind: simulator.FaultStatus}, []func(*testing.T, *bench){confirm, sign, sign}, 1},
		{"one confirm, two more", simulator.Fault{Kind: simulator.FaultStatus}, []func(*testing.T, *bench){sign, confirm, sign, sign}, 1},
		{"a failed confirm counts nothing", simulator.Fault{Kind: simulator.FaultStatus, Operation: "*"}, []func(*testing.T, *bench){sign, confirm, sign}, 1},
		{"busy and again", simulator.Fault{Kind: simulator.FaultBusy}, []func(*testing.T, *bench){sign, sign}, 1},
		{"connection broken and again", simulator.Fault{Kind: simulator.FaultDropRegistered}, []func(*testing.T, *bench){sign, sign}, 1},
		{"rate limit and again", simulator.Fault{Kind: simulator.FaultStatus, Status: 429}, []func(*testing.T, *bench){sign, sign}, 0},
		{"success and again", simulator.Fault{Kind: simulator.FaultBusy, Prefix: "OTHER"}, []func(*testing.T, *bench){sign, sign}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Options{NoDuplicateGuard: true})
			if err := b.Inject(c.fault); err != nil {
				t.Fatal(err)
			}
			for _, step := range c.steps {
				step(t, b)
			}
			counters := b.Counters()
			if counters.Violations != c.want || len(counters.Violators) != int(c.want) {
				t.Errorf("violations %d %v, want %d", counters.Violations, counters.Violators, c.want)
			}
		})
	}
}

func TestALookupBeforeTheFirstSigningEndedSettlesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	if err := b.Inject(simulator.Fault{Kind: simulator.FaultTimeoutRegistered, Times: 1}); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		b.send(ctx, b.us, "POST", "/api/v1/invoice/sign", b.invoice("A1"))
	}()
	eventually(t, "the invoice is registered", func() bool { return b.Counters().Registered == 1 })
	b.ask(t, "GET", "/api/v1/invoice/confirm/"+b.irn("A1"), "")
	leave()
	<-left
	b.sign(t, "A1")
	if n := b.Counters().Violations; n != 1 {
		t.Errorf("%d violations, want 1", n)
	}
}

func TestALookupThatBeganBeforeTheSigningEndedSettlesNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]simulator.Fault{
		"signing began before it": {Kind: simulator.FaultHang, Times: 1},
		"signing began under it":  {Kind: simulator.FaultStatus, Times: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simulator.Options{})
			if err := b.Inject(fault, simulator.Fault{Kind: simulator.FaultSlow, Operation: "confirm", DelayMillis: 300}); err != nil {
				t.Fatal(err)
			}
			ctx, leave := context.WithCancel(t.Context())
			left, confirmed := make(chan struct{}), make(chan int, 1)
			sign := func() {
				go func() {
					defer close(left)
					b.send(ctx, b.us, "POST", "/api/v1/invoice/sign", b.invoice("A1"))
				}()
			}
			seen := func() simulator.Asked { asked, _ := b.Asked(b.irn("A1")); return asked }
			if fault.Kind == simulator.FaultHang {
				sign()
				eventually(t, "the signing is there", func() bool { return seen().Signs == 1 })
			}
			go func() {
				status, _ := b.send(t.Context(), b.us, "GET", "/api/v1/invoice/confirm/"+b.irn("A1"), "")
				confirmed <- status
			}()
			eventually(t, "the look-up is there", func() bool { return seen().Confirms == 1 })
			if fault.Kind == simulator.FaultHang {
				leave()
			} else {
				sign()
			}
			<-left
			leave()
			if status := <-confirmed; status != 404 {
				t.Fatalf("confirm: %d", status)
			}
			b.sign(t, "A1")
			if n := b.Counters().Violations; n != 1 {
				t.Errorf("%d violations, want 1", n)
			}
		})
	}
}

func TestASlowServiceActsAlthoughItsClientLeft(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	if err := b.Inject(simulator.Fault{Kind: simulator.FaultSlow, DelayMillis: 200}); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		b.send(ctx, b.us, "POST", "/api/v1/invoice/sign", b.invoice("A1"))
	}()
	eventually(t, "the request is there", func() bool { asked, _ := b.Asked(b.irn("A1")); return asked.Signs == 1 })
	leave()
	<-left
	eventually(t, "the late registration", func() bool { return b.Counters().Registered == 1 })
}

func TestStandingFaultsFollowTheNumber(t *testing.T) {
	t.Parallel()
	b := setup(t, simulator.Options{})
	for number, want := range map[string][]int{
		"SIMBUSY1": {400, 400, 201}, "SIMLOST1": {400, 400}, "SIM5001": {500, 201}, "SIM5031": {503, 201}, "SIM4291": {429, 201}, "SIMDROP1": {0},
	} {
		for i, status := range want {
			if got := b.sign(t, number); got != status {
				t.Errorf("%s, request %d: %d, want %d", number, i+1, got, status)
			}
		}
	}
	if asked, _ := b.Asked(b.irn("SIMDROP1")); asked.Registered != 1 {
		t.Errorf("SIMDROP: %+v", asked)
	}
}
