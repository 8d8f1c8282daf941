package pluginhost

import (
	"errors"
	"fmt"
)

// Release names one version of a connector as it is installed.
type Release struct {
	Version string
	Digest  string // SHA-256 of the program, hex
	// Locked: a lock pins the digest. Without one, another build that calls itself
	// by the same version counts as the same.
	Locked bool
}

// String is enough of it to find it.
func (r Release) String() string {
	return fmt.Sprintf("%s (sha256 %.12s)", r.Version, r.Digest)
}

// release is the zero value for what cannot be used.
func (e *entry) release() Release {
	if e.fault != "" {
		return Release{}
	}
	return Release{Version: e.manifest.Version, Digest: e.digest.String(), Locked: e.locked}
}

// is reports whether the entry is that very release.
func (e *entry) is(r Release) bool {
	own := e.release()
	return own.Version == r.Version && own.Digest == r.Digest
}

// passesFor reports whether the entry may run where that release is asked for: a
// build may follow another of the same version where nothing is locked.
func (e *entry) passesFor(r Release) bool {
	return !r.Locked && !e.locked && e.fault == "" && e.manifest.Version == r.Version
}

// errNotHere is wrapped when this node does not have a release.
var errNotHere = errors.New("not installed here")

// notHere says which version a node wants and what it has instead.
func notHere(want Release, has []*entry) error {
	own := "nothing that can run"
	for _, e := range has {
		if e.fault == "" {
			own = e.release().String()
			break
		}
		own = e.fault
	}
	return fmt.Errorf("%w: version %s is active, this node has %s; install the active version on this node, or order reload to make what a node has the active one", errNotHere, want, own)
}
