package sdk

import "time"

// watchParent calls gone once, when the parent is no longer first, the one that
// started this process. Whoever starts it asks for first before the handshake:
// an engine that dies right after it must not go unnoticed. It looks at each
// tick: the death signal of the parent is the engine's to set and exists on Linux
// alone, and it is not sent when only the engine's starting thread lives on. It
// never returns before that.
func watchParent(first int, parent func() int, tick <-chan time.Time, gone func()) {
	for range tick {
		if parent() != first {
			gone()
			return
		}
	}
}
