package work_test

import (
	"strconv"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/work"
)

func TestFreshIsBoundedInNumberAndInBytes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ bytes, kept int }{
		"small": {2, 1024},
		"large": {1 << 20, 64},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f work.Fresh[int]
			const n = 3000
			row := func(i int) domain.Work { return domain.Work{ID: domain.WorkID(strconv.Itoa(i)), Epoch: 1} }
			for range 2 { // the second round shows that what was taken is counted no more
				for i := range n {
					f.Keep(row(i).ID, i, test.bytes)
				}
				for i := range n {
					item, ok := f.Take(row(i))
					if want := i >= n-test.kept; ok != want || ok && item != i {
						t.Fatalf("row %d of %d: %d, %t; the last %d are kept", i, n, item, ok, test.kept)
					}
				}
			}
		})
	}
}

func TestFreshIsForTheFirstClaimAlone(t *testing.T) {
	t.Parallel()
	var f work.Fresh[string]
	f.Keep("one", "as it was inserted", 1)
	if _, ok := f.Take(domain.Work{ID: "one", Epoch: 2}); ok {
		t.Error("a second claim has what the first one left")
	}
	if _, ok := f.Take(domain.Work{ID: "one", Epoch: 1}); ok {
		t.Error("it is kept after somebody else has had the row")
	}
	f.Keep("one", "again", 1)
	if item, ok := f.Take(domain.Work{ID: "one", Epoch: 1}); !ok || item != "again" {
		t.Errorf("%q, %t", item, ok)
	}
	if _, ok := f.Take(domain.Work{ID: "one", Epoch: 1}); ok {
		t.Error("it is given twice")
	}
}
