package pipeline

import (
	"strconv"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

func TestFreshIsBoundedInNumberAndInBytes(t *testing.T) {
	t.Parallel()
	large := make([]byte, 1<<20) // one array, counted each time
	for name, test := range map[string]struct {
		body []byte
		kept int
	}{
		"small documents": {[]byte(`{}`), maxFresh},
		"large documents": {large, maxFreshBytes / len(large)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f fresh
			const n = 3000
			for i := range n {
				f.keep(accepted{message: domain.Message{ID: domain.MessageID(strconv.Itoa(i))}, document: schemas.Restore("test", schemas.Digest{}, test.body)})
			}
			if len(f.kept) != test.kept {
				t.Errorf("%d are kept, want %d", len(f.kept), test.kept)
			}
			runs := map[domain.WorkID]*Run{}
			for i := range n {
				runs[domain.WorkID(strconv.Itoa(i))] = &Run{work: domain.Work{Epoch: 1}}
			}
			if unknown := f.take(runs); len(unknown) != n-test.kept {
				t.Errorf("%d must be read", len(unknown))
			}
			if f.bytes != 0 {
				t.Errorf("%d bytes are counted when nothing is kept", f.bytes)
			}
		})
	}
}
