package ledger_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/ledger"
)

const person = "key_PERSON"

// adjust books an adjustment of an environment.
func (w *world) adjust(env domain.EnvironmentID, in ledger.AdjustmentRequest) (ledger.Adjustment, error) {
	a, draft, err := w.ledger.Adjust(w.Context(), env, in, person)
	if err != nil {
		return a, err
	}
	if err := w.applier.Apply(w.Context(), domain.Change{Parts: draft.Parts}); err != nil {
		return a, draft.Explain(w.Context(), err)
	}
	return a, nil
}

// transfer asks for an adjustment in francs with MTN.
func transfer(d ledger.Direction, amount int64, reference string) ledger.AdjustmentRequest {
	return ledger.AdjustmentRequest{Direction: d, Operator: "mtn", Currency: "XOF", Amount: amount, Reason: "Float for the weekend", Reference: reference}
}

func TestAnAdjustmentMovesMoneyBetweenFloatAndSettlement(t *testing.T) {
	onBoth(t, func(w *world) {
		w.must(w.post(w.collection(tx(1), 90, 10)))
		in, err := w.adjust(ours, transfer(ledger.Credit, 500, "FT-1"))
		w.must(err)
		out, err := w.adjust(ours, transfer(ledger.Debit, 590, ""))
		w.must(err)
		rwanda := transfer(ledger.Credit, 7, "FT-2")
		rwanda.Operator, rwanda.Currency = "airtel", "RWF"
		other, err := w.adjust(ours, rwanda)
		w.must(err)
		stop := w.folding("node_a")
		w.folded(0)
		stop()
		w.must(w.post(w.entry("reserve", tx(2), domain.Posting{Account: sim, Amount: -3}, domain.Posting{Account: domain.AccountSuspense, Amount: 3})))
		floats, err := w.ledger.Floats(w.Context(), ours)
		w.must(err)
		if want := []ledger.Float{{Currency: "RWF", Available: 7}, {Currency: "XOF", Suspense: 3, Commission: 10}}; !slices.Equal(floats, want) {
			w.Errorf("%+v", floats)
		}
		if got := w.balance(domain.SettlementAccount("mtn")); got != 90 {
			w.Errorf("the settlement account has %d", got)
		}
		list, err := w.ledger.Adjustments(w.Context(), ours, ledger.AdjustmentFilter{Limit: 9})
		w.must(err)
		if !slices.Equal(list, []ledger.Adjustment{other, out, in}) {
			w.Errorf("%+v", list)
		}
		for want, f := range map[domain.AdjustmentID]ledger.AdjustmentFilter{in.ID: {Reference: "FT-1"}, other.ID: {Currency: "RWF"}, out.ID: {Before: other.ID}} {
			f.Limit = 1
			if list, err := w.ledger.Adjustments(w.Context(), ours, f); err != nil || len(list) != 1 || list[0].ID != want {
				w.Errorf("%+v: %+v, %v", f, list, err)
			}
		}
		entries, err := w.ledger.Entries(w.Context(), ours, ledger.Filter{Resource: string(out.ID), Limit: 9})
		w.must(err)
		if len(entries) != 1 || entries[0].ID != out.Entry || entries[0].Kind != ledger.KindAdjustment || entries[0].Postings[0].Amount != -590 || entries[0].Postings[1].Amount != 590 {
			w.Errorf("%+v", entries)
		}
		w.sound()
	})
}

func TestADebitTakesNoMoreThanThereIs(t *testing.T) {
	onBoth(t, func(w *world) {
		_, err := w.adjust(ours, transfer(ledger.Credit, 100, ""))
		w.must(err)
		errs := together(func(int) error { _, err := w.adjust(ours, transfer(ledger.Debit, 7, "")); return err })
		if n := w.ended(errs, nil, ledger.ErrFloat); n[0] != 14 {
			w.Errorf("%d debits of 7 from 100", n[0])
		}
		_, err = w.adjust(ours, transfer(ledger.Debit, 3, ""))
		var e *domain.Error
		if !errors.As(err, &e) || e.Code != "float_too_low" || e.Extra["available"] != int64(2) || !strings.Contains(e.Detail, "it has 2") {
			w.Errorf("%+v", err)
		}
		if n := w.count(`SELECT COUNT(*) FROM float_adjustment`); n != 15 {
			w.Errorf("%d adjustments are stored", n)
		}
		w.sound()
	})
}

func TestATransferIsBookedOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		errs := together(func(int) error { _, err := w.adjust(ours, transfer(ledger.Credit, 100, "FT-1")); return err })
		if n := w.ended(errs, nil, ledger.ErrReference); n[0] != 1 {
			w.Errorf("%d were booked", n[0])
		}
		list, err := w.ledger.Adjustments(w.Context(), ours, ledger.AdjustmentFilter{Limit: 9})
		w.must(err)
		_, err = w.adjust(ours, transfer(ledger.Debit, 1, "FT-1"))
		var e *domain.Error
		if !errors.As(err, &e) || e.Code != "duplicate_reference" || len(list) != 1 || e.Extra["adjustmentId"] != list[0].ID {
			w.Errorf("%+v", err)
		}
		_, err = w.adjust(theirs, transfer(ledger.Credit, 100, "FT-1"))
		w.must(err)
		for range 2 { // what has none may be the same again
			_, err = w.adjust(ours, transfer(ledger.Credit, 1, ""))
			w.must(err)
		}
		if got := w.balance(domain.AccountFloat); got != 102 {
			w.Errorf("the float has %d", got)
		}
		w.sound()
	})
}

func TestEachFaultOfAnAdjustmentIsNamedAtOnce(t *testing.T) {
	onBoth(t, func(w *world) {
		good := transfer(ledger.Credit, 1, "FT-1")
		for want, change := range map[string]func(in *ledger.AdjustmentRequest){
			"range@/amount pattern@/currency enum@/direction enum@/operator required@/reason": func(in *ledger.AdjustmentRequest) { *in = ledger.AdjustmentRequest{} },
			"range@/amount":                              func(in *ledger.AdjustmentRequest) { in.Amount = -1 },
			"range@/amount other_currency@/currency":     func(in *ledger.AdjustmentRequest) { in.Amount, in.Currency = domain.MaxPosting+1, "XAF" },
			"pattern@/currency":                          func(in *ledger.AdjustmentRequest) { in.Currency = "xof" },
			"no_corridor@/operator":                      func(in *ledger.AdjustmentRequest) { in.Operator = "moov" },
			"enum@/operator":                             func(in *ledger.AdjustmentRequest) { in.Operator = "bank" },
			"max_length@/reason blank@/reference":        func(in *ledger.AdjustmentRequest) { in.Reason, in.Reference = strings.Repeat("é", 501), "FT-1 " },
			"text@/reason max_length@/reference":         func(in *ledger.AdjustmentRequest) { in.Reason, in.Reference = "a\nb", strings.Repeat("é", 101) },
			"blank@/reason text@/reference":              func(in *ledger.AdjustmentRequest) { in.Reason, in.Reference = " ", "\xff" },
			"type@/currency enum@/direction":             func(in *ledger.AdjustmentRequest) { in.Currency, in.Direction, in.Form = "", "up", typed("/currency") },
			"range@/amount enum@/direction enum@/reason": func(in *ledger.AdjustmentRequest) { in.Amount, in.Direction, in.Form = 0, "", coded("enum", "/reason") },
		} {
			in := good
			change(&in)
			_, err := w.adjust(ours, in)
			if got := faults(w.TB, err); got != want {
				w.Errorf("%s, want %s", got, want)
			}
		}
		// What is there may be taken off when the corridor is gone.
		in := transfer(ledger.Debit, 1, "")
		in.Operator = "moov"
		if _, err := w.adjust(ours, in); !errors.Is(err, ledger.ErrFloat) {
			w.Error(err)
		}
		if n := w.count(`SELECT COUNT(*) FROM float_adjustment`) + w.count(`SELECT COUNT(*) FROM ledger_entry`) + w.count(`SELECT COUNT(*) FROM audit`); n != 0 {
			w.Errorf("%d rows after refusals", n)
		}
	})
}

func typed(pointer string) domain.Form { return coded("type", pointer) }

// coded is a form that is wrong in one place.
func coded(code, pointer string) domain.Form {
	return domain.Form{Faults: []domain.FieldError{{Pointer: pointer, Code: code, Detail: "is wrong", Fix: "mend it"}}}
}

// faults are those of a refusal, as code@pointer.
func faults(t testing.TB, err error) string {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Kind != domain.KindInvalid {
		t.Errorf("not refused for faults: %v", err)
		return ""
	}
	var out []string
	for _, f := range e.Fields {
		if f.Detail == "" || f.Fix == "" {
			t.Errorf("%+v says too little", f)
		}
		out = append(out, f.Code+"@"+f.Pointer)
	}
	return strings.Join(out, " ")
}

// Whatever is changed behind an adjustment's back, Verify names it and nothing else.
func TestVerifyFindsWhatAnAdjustmentDoesNotSay(t *testing.T) {
	const planted = `INSERT INTO float_adjustment (id, environment_id, entry_id, operator, currency, amount, reason, reference, actor, at) VALUES ('adj_x', 'env_ours', 'led_x', 'mtn', 'XOF', 5, '', '', '', 1)`
	for name, c := range map[string]struct {
		sql  string
		want []string
	}{
		"its amount":      {`UPDATE float_adjustment SET amount = 101`, []string{"books 101 against settlement:mtn, and the entry does not"}},
		"its direction":   {`UPDATE float_adjustment SET amount = -amount`, []string{"books -100 against settlement:mtn"}},
		"its operator":    {`UPDATE float_adjustment SET operator = 'moov'`, []string{"books 100 against settlement:moov"}},
		"its currency":    {`UPDATE float_adjustment SET currency = 'RWF'`, []string{"adjustment env_ours RWF float led_"}},
		"its environment": {`UPDATE float_adjustment SET environment_id = 'env_theirs'`, []string{"adjustment env_theirs XOF float led_"}},
		"its time":        {`UPDATE float_adjustment SET at = at + 1`, []string{"adjustment env_ours XOF float led_"}},
		"its entry":       {`UPDATE float_adjustment SET entry_id = 'led_x'`, []string{"adjustment env_ours XOF float led_x: adj_", "nobody has booked"}},
		"the entry's":     {`UPDATE ledger_entry SET resource_id = 'adj_x'`, []string{"books 100 against"}},
		"its kind":        {`UPDATE ledger_entry SET kind = 'refund'`, []string{"books 100 against"}},
		"it was deleted":  {`DELETE FROM float_adjustment`, []string{"adjustment env_ours XOF led_"}},
		"it was invented": {planted, []string{"adjustment env_ours XOF float led_x: adj_x books 5"}},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(w *world) {
				_, err := w.adjust(ours, transfer(ledger.Credit, 100, "FT-1"))
				w.must(err)
				w.sound()
				w.plant(c.sql)
				faults := w.verified()
				for i, f := range faults {
					if i >= len(c.want) || !strings.Contains(f.String(), c.want[i]) {
						w.Errorf("fault %d is %s", i, f)
					}
				}
				if len(faults) != len(c.want) {
					w.Errorf("%d faults, want %d", len(faults), len(c.want))
				}
			})
		})
	}
}
