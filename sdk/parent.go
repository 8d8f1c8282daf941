package sdk

import "time"

// watchParent calls gone once, when the parent is no longer the one that
// started this process. It looks at each tick: the death signal of the parent is
// the engine's to set and exists on Linux alone, and it is not sent when only
// the engine's starting thread lives on. It never returns before that.
func watchParent(parent func() int, tick <-chan time.Time, gone func()) {
	first := parent()
	for range tick {
		if parent() != first {
			gone()
			return
		}
	}
}
