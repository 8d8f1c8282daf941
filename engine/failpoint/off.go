//go:build !afara_failpoints

package failpoint

import "time"

// Hit does nothing in a normal build.
func Hit(string) {}

// Clock is the engine's clock: time.Now in a normal build.
func Clock() func() time.Time { return time.Now }

// Scale turns a span of the engine's clock into one of real time: the same in
// a normal build.
func Scale(d time.Duration) time.Duration { return d }

// Env is what a connector's process gets to know of the fail point: nothing in
// a normal build.
func Env() []string { return nil }
