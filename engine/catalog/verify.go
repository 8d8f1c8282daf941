package catalog

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/afara-dev/afara/schemas"
)

const fixAgain = "install its package again, and find out who changed it"

// Checked is one installed version, or a folder that the lock does not name,
// which has no version.
type Checked struct {
	Name, Version string
	Active        bool
	Signer        *Signer
	Digest        string // of its index, hex
	Fault         error  // nil: all of it is as locked
}

// Verify hashes everything that a directory's lock names, and looks for what it
// does not. Without a lock the error is fs.ErrNotExist's.
func Verify(dir string) ([]Checked, error) {
	l, err := ReadLock(dir)
	if err != nil {
		return nil, err
	}
	var all []Checked
	for _, c := range l.Connectors {
		for _, v := range c.Versions {
			index, _ := has(v.Files, indexFile)
			all = append(all, Checked{
				Name: c.Name, Version: v.Version, Active: v.Version == c.Active, Signer: v.Signer,
				Digest: index.SHA256, Fault: checkVersion(dir, c.Name, v),
			})
		}
		strays, err := c.strays(dir)
		if err != nil {
			return nil, err
		}
		all = append(all, strays...)
	}
	names, err := Unlocked(dir, l)
	for _, name := range names {
		all = append(all, Checked{Name: name, Fault: NotLocked(dir, name)})
	}
	return all, err
}

// strays are what lies beside an installed connector's versions.
func (c *Locked) strays(dir string) ([]Checked, error) {
	if c.Active == "" {
		return nil, nil
	}
	found, err := os.ReadDir(filepath.Join(dir, c.Name))
	if err != nil {
		return nil, nil // its versions say so already
	}
	var all []Checked
	for _, f := range found {
		if _, ok := c.version(f.Name()); !ok {
			all = append(all, Checked{Name: c.Name, Fault: refuse(c.Name, RuleExtra, "remove it", "%s is not in %s", filepath.Join(dir, c.Name, f.Name()), LockFile)})
		}
	}
	return all, nil
}

// NotLocked is why a connector that lies beside a lock does not run.
func NotLocked(dir, name string) error {
	return refuse(name, RuleUnlocked, "install its package with afara connector install, or remove the folder", "%s is not in %s", filepath.Join(dir, name), filepath.Join(dir, LockFile))
}

// checkVersion proves a version anew: the files against the lock, the index
// against the files, and the signature with the locked key.
func checkVersion(dir, name string, v LockedVersion) error {
	folder := Folder(dir, name, v.Version)
	if err := checkFolder(name, folder, v.Files); err != nil {
		return err
	}
	p, err := prove(name, folder, v.Files)
	if err != nil {
		return err
	}
	if p.index.Name != name || p.index.Version != v.Version {
		return refuse(name, RuleIndex, fixAgain, "%s is that of %s %s", indexFile, p.index.Name, p.index.Version)
	}
	if !p.signer.same(v.Signer) && (p.signer != nil || v.Signer != nil) {
		return refuse(name, RuleSigner, fixAgain, "the files are from %s, locked is %s", p.signer, v.Signer)
	}
	return p.runsHere(folder)
}

// checkFolder compares a folder with a list, byte by byte.
func checkFolder(name, folder string, want []File) error {
	got, err := hashFolder(name, folder)
	if err != nil {
		return err
	}
	return compare(name, want, got, fixAgain)
}

// hashFolder lists what is in a folder.
func hashFolder(name, folder string) ([]File, error) {
	var files []File
	err := walk(folder, func(path, rel string, regular bool) error {
		if !regular {
			return refuse(name, RuleFileType, fixAgain, "%s is neither file nor folder", rel)
		}
		d, size, err := hashFile(path)
		files = append(files, File{Path: rel, SHA256: d.String(), Size: size})
		return err
	})
	if err != nil {
		return nil, asRefusal(name, err)
	}
	slices.SortFunc(files, byPath)
	return files, nil
}

// ReadLocked answers the manifest of a locked version, proved against the lock,
// and the digest that its program must have. It is what the engine asks before
// it starts anything.
func (c *Locked) ReadLocked(dir, version string) (manifest []byte, program schemas.Digest, err error) {
	folder := Folder(dir, c.Name, version)
	v, ok := c.version(version)
	if !ok {
		return nil, program, refuse(c.Name, RuleInstalled, "install its package", "no version %s in %s", version, LockFile)
	}
	f, ok := has(v.Files, programPath(c.Name, Platform()))
	if !ok {
		return nil, program, refuse(c.Name, RulePlatform, "install a package with one", "no program for %s in %s", Platform(), folder)
	}
	if manifest, err = textOf(c.Name, folder, manifestFile, v.Files); err != nil {
		return nil, program, err
	}
	if err := checkManifest(manifest, c.Name, v.Version); err != nil {
		return nil, program, err
	}
	program, err = schemas.ParseDigest(f.SHA256)
	return manifest, program, err
}
