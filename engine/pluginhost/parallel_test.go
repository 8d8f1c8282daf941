package pluginhost_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/domain"
)

func TestManyCallsAtOnceEachGetTheirOwnAnswer(t *testing.T) {
	t.Parallel()
	b := bad(t, "bad", nil)
	var wg sync.WaitGroup
	for worker := range 32 {
		wg.Go(func() {
			for n := range 20 {
				c := call("bad", "echo", fmt.Sprintf(`{"text":"%d/%d"}`, worker, n))
				c.Connection.ID = domain.ConnectionID(fmt.Sprintf("con_%d", worker%4))
				if out := b.Invoke(t.Context(), c); out.Class != domain.ClassResult || string(out.Result) != string(c.Parameters) {
					t.Errorf("call %s got %s %s %+v", c.Parameters, out.Class, out.Result, out.Error)
				}
			}
		})
	}
	wg.Wait()
	s := b.status(t, "bad")
	if s.InFlight != 0 || len(s.Connections) != 4 {
		t.Errorf("in flight %d, connections %+v", s.InFlight, s.Connections)
	}
	for _, op := range s.Operations {
		if op.Name == "bad.echo" && op.Calls != 640 {
			t.Errorf("%d calls counted, want 640", op.Calls)
		}
	}
}
