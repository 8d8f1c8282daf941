//go:build unix

package sdk

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// takeOver points the descriptor of out at to, which it closes, and gives a
// file for where out pointed before. Children inherit the new target only.
func takeOver(out, to *os.File) (before *os.File, err error) {
	fd := int(out.Fd())
	saved, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("keep standard output: %w", err)
	}
	before = os.NewFile(uintptr(saved), "handshake")
	if err := unix.Dup2(int(to.Fd()), fd); err != nil {
		return nil, errors.Join(fmt.Errorf("redirect standard output: %w", err), before.Close())
	}
	return before, to.Close()
}
