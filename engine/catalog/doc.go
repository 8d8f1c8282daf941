// Package catalog owns what is installed in a directory of connectors, and why
// it may be trusted: packages, their signatures, and connectors.lock.
//
// A package is a folder or a .tar.gz archive:
//
//	index.json                 name, version, and SHA-256 and size of each file below
//	index.sig                  Ed25519 signature over index.json; absent when unsigned
//	manifest.json              what the connector says of itself
//	bin/linux_amd64/NAME       the program, one per system and processor
//
// Install and Upgrade unpack it into a private folder beside its place, prove
// all of it, and only then give it its name DIR/NAME/VERSION and its entry in
// DIR/connectors.lock. The lock is the truth: what it does not name is not
// installed, so a crash leaves the old version or the new one. Two versions
// are kept, the active one and the one to go back to.
//
// Every refusal is a *Refusal: the connector, the rule it breaks and the fix.
package catalog
