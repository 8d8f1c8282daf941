//go:build linux

package chaostest

import (
	"encoding/json"
	"testing"
	"time"
)

// TestANewVersionGoesOnWithTheStateOfTheOldOne: the old version leaves calls in
// doubt, each with state of which only the new one can tell how they ended.
func TestANewVersionGoesOnWithTheStateOfTheOldOne(t *testing.T) {
	t.Parallel()
	const messages = 5
	w := newWorld(t, embedded, usual, "")
	w.name = "state of an old version"
	dir := w.ownConnectors()
	must(t, buildKeeper(dir, "1.0.0"))
	key := w.organisation("keeper", json.RawMessage(`{}`))
	n := w.start("")
	w.serves("keeper", "1.0.0", 1)
	w.post(key, 4, numbered("STATE", messages))
	w.eventually(time.Minute, "all are in doubt, with state", func() bool {
		return w.number(`SELECT COUNT(*) FROM attempt WHERE stage = 'sign' AND outcome = '' AND LENGTH(state) > 0`) == messages
	})
	must(t, buildKeeper(dir, "2.0.0"))
	w.changeVersion("keeper", "reload")
	w.serves("keeper", "2.0.0", 1)
	w.finish(n, time.Minute)
	if n := w.number(`SELECT COUNT(*) FROM attempt WHERE stage = 'sign' AND outcome = 'result' AND connector_version = '1.0.0'`); n != messages {
		t.Errorf("%d of %d attempts of the old version ended well", n, messages)
	}
}
