package pluginhost

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/afara-dev/afara/engine/catalog"
	"github.com/afara-dev/afara/schemas"
)

// executables are private copies of the connectors' programs, one per digest.
// What is checked is what runs: nobody but this user can write between the two.
// All processes of one digest share the file, and so its memory.
type executables struct {
	dir string
	mu  sync.Mutex
}

// place answers the path of a copy that has the pinned digest, making it when
// it is missing or spoiled.
func (x *executables) place(e *entry) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	path := x.path(e)
	if d, err := fileDigest(path); err == nil && d == e.digest {
		return path, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	if err := copyExecutable(e, path); err != nil {
		return "", err
	}
	return path, nil
}

// protected reports whether the engine's user cannot change the installed
// program.
func (e *entry) protected() bool {
	self, err := catalog.Self()
	if err != nil {
		return false
	}
	may, err := self.MayChange(e.executable)
	return err == nil && !may
}

func (x *executables) path(e *entry) string {
	return filepath.Join(x.dir, e.digest.String()[:16], e.name)
}

func fileDigest(path string) (schemas.Digest, error) {
	f, err := os.Open(path)
	if err != nil {
		return schemas.Digest{}, err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return schemas.Digest(sum.Sum(nil)), err
}

// copyExecutable hashes the very bytes that it writes and gives them their
// name only when they are the pinned ones.
func copyExecutable(e *entry, path string) error {
	src, err := os.Open(e.executable)
	if err != nil {
		return fmt.Errorf("executable: %w", err)
	}
	defer src.Close()
	// A fork while the copy is open for writing would inherit it for a moment,
	// and the kernel refuses to run a file that somebody may write.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	tmp, err := os.CreateTemp(filepath.Dir(path), "new-")
	if err != nil {
		return err
	}
	digest, err := copyHashed(tmp, src)
	err = errors.Join(err, tmp.Chmod(0o500), tmp.Close())
	if err == nil && digest != e.digest {
		err = e.digestFault(digest, e.digest.String(), "put the pinned file back or restart to pin this one")
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, removeIfThere(tmp.Name()))
	}
	return nil
}

func copyHashed(dst io.Writer, src io.Reader) (schemas.Digest, error) {
	sum := sha256.New()
	_, err := io.Copy(io.MultiWriter(dst, sum), src)
	return schemas.Digest(sum.Sum(nil)), err
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
