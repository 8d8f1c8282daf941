package simnet_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/plugins/simnet"
	"github.com/afara-dev/afara/schemas"
)

func TestAnApprovedPromptMovesMoneyOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{Settings: simnet.Settings{Float: -1}})
	if began := b.begin(t, order("r1", simnet.Collect, 4_000)); began.Outcome != schemas.PaymentPending || !began.Prompts {
		t.Fatalf("began as %+v", began)
	}
	b.holds(t, "10000 0")
	if prompts := b.Prompts(simnet.Filter{Number: ada}); len(prompts) != 1 || prompts[0].Reference != "r1" {
		t.Fatalf("prompts: %+v", prompts)
	}
	b.Pass(90 * time.Second)
	settled, err := b.Answer("mtn", "r1", simnet.Approve, "1234")
	if err != nil || settled.Outcome != schemas.PaymentSuccess || settled.LatencyMillis != 90_000 {
		t.Fatalf("%+v, %v", settled, err)
	}
	b.holds(t, "6000 4000")
	if _, err := b.Answer("mtn", "r1", simnet.Approve, ""); !errors.Is(err, simnet.ErrNoPrompt) {
		t.Errorf("a second answer: %v", err)
	}
	if again, err := b.Begin(order("r1", simnet.Collect, 4_000)); !errors.Is(err, simnet.ErrReused) || again.Outcome != schemas.PaymentSuccess {
		t.Errorf("the reference again: %+v, %v", again, err)
	}
	b.holds(t, "6000 4000")
	seen, _ := b.Reference("mtn", "r1")
	if seen.Debits != 1 || seen.Begins != 2 {
		t.Errorf("under the reference: %+v", seen)
	}
}

func TestAPromptEndsAsItsOwnerOrTheOperatorSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(*bench) error
		want schemas.PaymentStatus
	}{
		"refused":    {func(b *bench) error { _, err := b.Answer("mtn", "r1", simnet.Refuse, ""); return err }, schemas.PaymentUserCancelled},
		"wrong PIN":  {func(b *bench) error { _, err := b.Answer("mtn", "r1", simnet.WrongPIN, ""); return err }, schemas.PaymentPINInvalid},
		"other PIN":  {func(b *bench) error { _, err := b.Answer("mtn", "r1", simnet.Approve, "0000"); return err }, schemas.PaymentPINInvalid},
		"unanswered": {func(b *bench) error { b.Pass(60 * time.Minute); return nil }, schemas.PaymentTimeout},
		"blocked since": {func(b *bench) error {
			err := b.PutSIM(simnet.SIM{Operator: "mtn", Number: ada, Country: "CI", Currency: "XOF", Balance: 10_000, Blocked: true})
			_, answered := b.Answer("mtn", "r1", simnet.Approve, "")
			return errors.Join(err, answered)
		}, schemas.PaymentAccountBlocked},
		"emptied since": {func(b *bench) error {
			err := b.PutSIM(simnet.SIM{Operator: "mtn", Number: ada, Country: "CI", Currency: "XOF", Balance: 10_000})
			_, second := b.Begin(order("r2", simnet.Collect, 9_000))
			_, first := b.Answer("mtn", "r2", simnet.Approve, "")
			_, answered := b.Answer("mtn", "r1", simnet.Approve, "")
			return errors.Join(err, second, first, answered)
		}, schemas.PaymentInsufficientFunds},
		"removed since": {func(b *bench) error {
			err := b.RemoveSIM("mtn", ada)
			_, answered := b.Answer("mtn", "r1", simnet.Approve, "")
			return errors.Join(err, answered)
		}, schemas.PaymentUnknownMSISDN},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simnet.Options{})
			b.begin(t, order("r1", simnet.Collect, 4_000))
			b.Pass(59 * time.Minute)
			if found, _ := b.Find("mtn", "r1"); found.Outcome != schemas.PaymentPending {
				t.Fatalf("after 59 minutes: %+v", found)
			}
			if err := c.do(b); err != nil {
				t.Fatal(err)
			}
			if found, _ := b.Find("mtn", "r1"); found.Outcome != c.want {
				t.Errorf("ended as %s, want %s", found.Outcome, c.want)
			}
			if seen, _ := b.Reference("mtn", "r1"); seen.Debits != 0 {
				t.Errorf("it was debited: %+v", seen)
			}
			b.even(t)
		})
	}
}

func TestTheSIMsStateDecides(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{Settings: simnet.Settings{Float: 5_000}})
	b.put(t, bob, 100)
	blocked := "+2250500000001"
	if err := b.PutSIM(simnet.SIM{Operator: "mtn", Number: blocked, Country: "CI", Currency: "XOF", Balance: 9_999, Blocked: true}); err != nil {
		t.Fatal(err)
	}
	for i, c := range []struct {
		kind   simnet.Kind
		number string
		amount int64
		want   schemas.PaymentStatus
	}{
		{simnet.Collect, "+2250500000009", 1, schemas.PaymentUnknownMSISDN},
		{simnet.Collect, blocked, 1, schemas.PaymentAccountBlocked},
		{simnet.Collect, bob, 101, schemas.PaymentInsufficientFunds},
		{simnet.Payout, "+2250500000009", 1, schemas.PaymentUnknownMSISDN},
		{simnet.Payout, blocked, 1, schemas.PaymentAccountBlocked},
		{simnet.Payout, bob, 5_001, schemas.PaymentInsufficientFunds},
		{simnet.Payout, bob, 5_000, schemas.PaymentSuccess},
		{simnet.Payout, bob, 1, schemas.PaymentInsufficientFunds},
	} {
		o := order(fmt.Sprint("r", i), c.kind, c.amount)
		o.Number = c.number
		b.begin(t, o)
		b.ends(t, o.Reference, c.want)
	}
	if got := b.balance(t, bob); got != 5_100 {
		t.Errorf("the payee has %d", got)
	}
	b.even(t)
}

func TestANumberOfAnOlderPlanRingsTheSamePhone(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{})
	b.put(t, "+22997123456", 300) // eight digits, Benin's plan of before
	o := order("r1", simnet.Collect, 300)
	o.Number = "+2290197123456"
	b.begin(t, o)
	if prompts := b.Prompts(simnet.Filter{Number: "+22997123456"}); len(prompts) != 1 {
		t.Fatalf("prompts: %+v", prompts)
	}
	if _, err := b.Answer("mtn", "r1", simnet.Approve, ""); err != nil {
		t.Fatal(err)
	}
	if got := b.balance(t, "+2290197123456"); got != 0 || len(b.SIMs(simnet.Filter{Operator: "mtn"})) != 2 {
		t.Errorf("the phone has %d", got)
	}
}

func TestAPolicyLetsUnknownNumbersPass(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{})
	if err := b.SetPolicy("mtn", "CI", simnet.PolicyPassthrough); err != nil {
		t.Fatal(err)
	}
	o := order("r1", simnet.Collect, 700)
	o.Number = "+2250500000009"
	if began := b.begin(t, o); !began.Prompts {
		t.Fatalf("no prompt: %+v", began)
	}
	if _, err := b.Answer("mtn", "r1", simnet.Approve, ""); err != nil {
		t.Fatal(err)
	}
	b.ends(t, "r1", schemas.PaymentSuccess)
	o.Reference, o.Country = "r2", "BJ" // elsewhere nothing changed
	b.begin(t, o)
	b.ends(t, "r2", schemas.PaymentUnknownMSISDN)
	b.even(t)
	if err := b.SetPolicy("mtn", "CI", "maybe"); err == nil {
		t.Error("a policy that is none was taken")
	}
}

func TestEachScenarioEndsAsItSaysWithinItsTime(t *testing.T) {
	t.Parallel()
	for name, s := range simnet.Scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, simnet.Options{Seed: 7})
			o := order("r1", simnet.Collect, 4_000)
			o.Scenario = name
			began := b.begin(t, o)
			latency := time.Duration(began.LatencyMillis) * time.Millisecond
			if latency < s.Min || latency > s.Max || began.Outcome != schemas.PaymentPending || began.Prompts {
				t.Fatalf("began as %+v, want %s to %s", began, s.Min, s.Max)
			}
			b.Pass(latency - time.Millisecond)
			if found, _ := b.Find("mtn", "r1"); found.Outcome != schemas.PaymentPending {
				t.Fatalf("too early: %+v", found)
			}
			b.Pass(time.Millisecond)
			if found, _ := b.Find("mtn", "r1"); found.Outcome != s.Outcome {
				t.Fatalf("ended as %+v", found)
			}
			want := "10000 100000000"
			if s.Outcome == schemas.PaymentSuccess {
				want = "6000 100004000"
			}
			b.holds(t, want)
		})
	}
}

func TestAForcedSuccessWinsOverTheSIMsState(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{Settings: simnet.Settings{NoWait: true}})
	for i, number := range []string{"+2250500000009", ada} {
		o := order(fmt.Sprint("r", i), simnet.Collect, 20_000) // more than ada has
		o.Number, o.Scenario = number, "success"
		if began := b.begin(t, o); began.Outcome != schemas.PaymentSuccess || began.LatencyMillis < 800 {
			t.Fatalf("%s: %+v", number, began)
		}
	}
	b.holds(t, "10000 100040000")
	o := order("r9", simnet.Collect, 1)
	o.Scenario = "sucess"
	if _, err := b.Begin(o); err == nil {
		t.Error("a scenario that is none was taken")
	}
}

func TestAnOrderAtOnceEndsAsItBegins(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{})
	o := order("r1", simnet.Payout, 300)
	o.AtOnce = true
	if began := b.begin(t, o); began.Outcome != schemas.PaymentSuccess || began.LatencyMillis == 0 {
		t.Errorf("it began as %+v", began)
	}
	b.holds(t, "10300 99999700")
	o = order("r2", simnet.Collect, 500) // a prompt waits for its owner all the same
	o.AtOnce = true
	if began := b.begin(t, o); began.Outcome != schemas.PaymentPending || !began.Prompts {
		t.Errorf("a prompt: %+v", began)
	}
}

func TestRefundsNeverExceedTheirCollection(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{Settings: simnet.Settings{NoWait: true}})
	collection := order("r1", simnet.Collect, 1_000)
	collection.Scenario = "success"
	b.begin(t, collection)
	refund := func(reference, original string, amount int64, scenario string) (simnet.Transaction, error) {
		o := order(reference, simnet.Refund, amount)
		o.Original, o.Scenario = original, scenario
		return b.Begin(o)
	}
	if _, err := refund("f0", "nothing", 1, ""); !errors.Is(err, simnet.ErrOriginal) {
		t.Errorf("of nothing: %v", err)
	}
	if failed, err := refund("f1", "r1", 900, "maintenance"); err != nil || failed.Outcome != schemas.PaymentServiceUnavailable {
		t.Fatalf("%+v, %v", failed, err)
	}
	var done sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		done.Go(func() { _, errs[i] = refund(fmt.Sprint("p", i), "r1", 600, "") })
	}
	done.Wait()
	through := 0
	for _, err := range errs {
		if err == nil {
			through++
		} else if !errors.Is(err, simnet.ErrRefundable) {
			t.Error(err)
		}
	}
	if through != 1 {
		t.Errorf("%d refunds of 60 %% went through", through)
	}
	b.holds(t, "9600 100000400")
}

func TestManyAtOnceNeverOverdrawNorDoubleDebit(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{Settings: simnet.Settings{Float: -1}})
	var done sync.WaitGroup
	for i := range 200 {
		done.Go(func() {
			reference := fmt.Sprint("r", i%100) // each reference twice
			_, _ = b.Begin(order(reference, simnet.Collect, 150))
			_, _ = b.Answer("mtn", reference, simnet.Approve, "")
		})
	}
	done.Wait()
	b.holds(t, "100 9900") // 66 of 150 fit into 10000
	if c := b.Counters(); c.Debits != 66 || c.Doubled != 0 || c.Reused != 100 {
		t.Errorf("counters: %+v", c)
	}
}

func TestWithoutTheGuardAReferenceIsDebitedAgainAndCounted(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{Settings: simnet.Settings{NoDuplicateGuard: true, NoWait: true}})
	o := order("r1", simnet.Collect, 1_000)
	o.Scenario = "success"
	b.begin(t, o)
	b.begin(t, o)
	b.holds(t, "8000 100002000")
	seen, _ := b.Reference("mtn", "r1")
	if c := b.Counters(); seen.Debits != 2 || c.Doubled != 1 {
		t.Errorf("%+v, %+v", seen, c)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{Keep: 10, MaxOpen: 5})
	for i := range 50 {
		o := order(fmt.Sprint("r", i), simnet.Collect, 1)
		o.Scenario = "success"
		b.begin(t, o)
		b.Pass(2 * time.Second)
	}
	if _, found := b.Find("mtn", "r39"); found {
		t.Error("an old transaction is remembered")
	}
	if _, found := b.Find("mtn", "r40"); !found {
		t.Error("a young transaction is forgotten")
	}
	for i := range 6 {
		_, err := b.Begin(order(fmt.Sprint("p", i), simnet.Collect, 1))
		if full := i == 5; errors.Is(err, simnet.ErrOverloaded) != full {
			t.Errorf("open order %d: %v", i, err)
		}
	}
}

func TestNoSIMIsTakenThatIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t, simnet.Options{})
	good := simnet.SIM{Operator: "mtn", Number: ada, Country: "CI", Currency: "XOF", Balance: 1}
	for name, spoil := range map[string]func(*simnet.SIM){
		"operator": func(s *simnet.SIM) { s.Operator = "" }, "number": func(s *simnet.SIM) { s.Number = "0501234567" },
		"country": func(s *simnet.SIM) { s.Country = "ci" }, "currency": func(s *simnet.SIM) { s.Currency = "FCFA" },
		"balance": func(s *simnet.SIM) { s.Balance = -1 }, "pin": func(s *simnet.SIM) { s.PIN = "12" },
	} {
		s := good
		spoil(&s)
		if err := b.PutSIM(s); err == nil || err.Error()[:len(name)] != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheRealClockSettlesByItself(t *testing.T) {
	t.Parallel()
	n := simnet.New(simnet.Options{})
	defer func() { _ = n.Close() }() // never fails
	o := order("r1", simnet.Collect, 1)
	o.Force = &simnet.Force{Outcome: schemas.PaymentSuccess, After: 30 * time.Millisecond}
	told := make(chan simnet.Transaction, 1)
	n.Announce("mtn", func(t simnet.Transaction) (simnet.Callback, bool) { told <- t; return simnet.Callback{}, false })
	if _, err := n.Begin(o); err != nil {
		t.Fatal(err)
	}
	select {
	case settled := <-told:
		if settled.Outcome != schemas.PaymentSuccess {
			t.Errorf("%+v", settled)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing happened")
	}
}
