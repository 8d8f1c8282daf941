package store

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// fileLock says that this process serves a SQLite file. It is a lock of its
// own beside the file, so that other tools may still read the database.
type fileLock struct{ f *os.File }

// lockFile takes the lock of the database at path or answers ErrLocked with
// the holder's pid. The kernel drops the lock when the process ends, however
// it ends; the file itself stays, because removing it would let two processes
// hold two different files of one name.
func lockFile(path string) (*fileLock, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := flock(f, unix.LOCK_EX); err != nil {
		defer f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s is held by process %s: stop that one, or give this one another database",
				ErrLocked, path, holder(f))
		}
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	if err := sign(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock: %w", err)
	}
	return &fileLock{f: f}, nil
}

// patience is how long a lock is asked for: one that a killed process held is
// free when all its children have begun to run their programs.
const patience = time.Second

func flock(f *os.File, how int) error {
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(until) {
			return err
		}
	}
}

// holder reads the pid that the lock's owner wrote.
func holder(f *os.File) string {
	buf := make([]byte, 32)
	n, _ := f.ReadAt(buf, 0)
	if pid := strings.TrimSpace(string(buf[:n])); pid != "" {
		return pid
	}
	return "(unknown)"
}

func sign(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

// shareLock keeps nodes away from the database at path without being one; any
// number of processes may share it. It answers ErrLocked while a node serves.
func shareLock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	err = flock(f, unix.LOCK_SH)
	if err == nil {
		return &fileLock{f: f}, nil
	}
	defer f.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: %s is held by process %s", ErrLocked, path, holder(f))
	}
	return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
}

// release gives the lock back; that of nobody is nil. Closing alone would not:
// a child that is being started shares the open file until it runs its program,
// and the lock with it.
func (l *fileLock) release() error {
	if l == nil {
		return nil
	}
	return errors.Join(unix.Flock(int(l.f.Fd()), unix.LOCK_UN), l.f.Close())
}
