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
