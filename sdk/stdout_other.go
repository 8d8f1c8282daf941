//go:build !unix

package sdk

import "os"

// takeOver cannot move a descriptor here; it leaves to unused and the engine on
// standard output itself, where go-plugin replaces the Go variable alone.
func takeOver(out, to *os.File) (before *os.File, err error) {
	before, os.Stdout = out, to
	return before, nil
}
