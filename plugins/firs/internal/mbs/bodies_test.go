package mbs_test

import (
	"strconv"
	"testing"

	"github.com/afara-dev/afara/plugins/firs/internal/mbs"
)

func TestBodiesAreTakenOnceAndBounded(t *testing.T) {
	t.Parallel()
	var b mbs.Bodies
	for i := range 3000 {
		b.Keep(mbs.BodyKey{IRN: strconv.Itoa(i)}, []byte{1})
	}
	if _, ok := b.Take(mbs.BodyKey{IRN: "0"}); ok {
		t.Error("the oldest body is still kept")
	}
	if _, ok := b.Take(mbs.BodyKey{IRN: "2999"}); !ok {
		t.Error("the newest body is gone")
	}
	if _, ok := b.Take(mbs.BodyKey{IRN: "2999"}); ok {
		t.Error("a body was taken twice")
	}
	if _, ok := b.Take(mbs.BodyKey{IRN: "2998", Digest: [32]byte{1}}); ok {
		t.Error("another document's body was taken")
	}
}

func TestBodiesAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	var b mbs.Bodies
	large := make([]byte, 1<<20) // one array, counted each time
	const n, kept = 300, 64
	for range 2 { // what is taken makes room again
		for i := range n {
			b.Keep(mbs.BodyKey{IRN: strconv.Itoa(i)}, large)
			b.Keep(mbs.BodyKey{IRN: strconv.Itoa(i)}, large) // validated again: one body
		}
		found := 0
		for i := range n {
			if _, ok := b.Take(mbs.BodyKey{IRN: strconv.Itoa(i)}); ok {
				found++
			}
		}
		if found != kept {
			t.Errorf("%d bodies of 1 MiB are kept, want %d", found, kept)
		}
	}
}
