package main

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestTheBookCountsEachCallbackOnce(t *testing.T) {
	t.Parallel()
	b, at := newBenchBook(), time.Unix(1_800_000_000, 0)
	good := func() error { return nil }
	b.expect([]string{"warm"}, at, false)
	b.expect([]string{"a", "b", "never"}, at, true)
	b.expect([]string{"refused"}, at, true)
	b.unexpect([]string{"refused"})
	b.arrive("warm", "evt_0", at, good)
	b.arrive("b", "evt_2", at.Add(2*time.Millisecond), good) // overtakes the answer
	b.accept([]string{"a", "b", "never"}, at.Add(3*time.Millisecond))
	if !b.arrive("a", "evt_1", at.Add(10*time.Millisecond), good) || b.arrive("a", "evt_1", at.Add(time.Second), good) {
		t.Error("the first is no duplicate, the second is one")
	}
	ms := func(n ...time.Duration) []time.Duration {
		for i := range n {
			n[i] *= time.Millisecond
		}
		return n
	}
	if b.completed != 2 || b.duplicates != 1 || b.open() != 1 || !slices.Equal(b.ends, ms(2, 10)) || !slices.Equal(b.fromAccept, ms(0, 7)) {
		t.Errorf("completed %d, twice %d, open %d, latencies %v and %v", b.completed, b.duplicates, b.open(), b.ends, b.fromAccept)
	}
}

func TestTheBookVerifiesOneInTwenty(t *testing.T) {
	t.Parallel()
	b := newBenchBook()
	for i := range 40 {
		b.arrive("", string(rune('a'+i)), time.Unix(0, 0), func() error { return errors.New("bad") })
	}
	if b.invalid != 2 {
		t.Errorf("%d of 40 were found bad, want 2", b.invalid)
	}
}
