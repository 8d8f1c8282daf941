//go:build unix && !linux

package conformance

// Without /proc an ended child of somebody else looks alive until it is reaped.
func isZombie(int) bool { return false }

func descriptors(int) (int, bool) { return 0, false }
