package catalog

import (
	"archive/tar"
	"bufio"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
)

const archiveFix = "make the package anew with afara connector pack"

// stage is a private folder into which a foreign package is copied. It holds
// regular files with plain names only, whatever the package tried.
type stage struct {
	label string // of refusals
	root  *os.Root
	seen  paths
	files []File
	total int64
	count int // of entries, folders too
}

// unpack copies the package src, a folder or an archive, into the empty folder
// dir, and answers what it wrote, by path.
func unpack(src, dir string) ([]File, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	s := &stage{label: filepath.Base(src), root: root, seen: paths{}}
	info, err := os.Stat(src)
	if err != nil {
		return nil, fmt.Errorf("package: %w: name a folder or a .tar.gz file", err)
	}
	if info.IsDir() {
		err = s.folder(src)
	} else {
		err = s.archiveFile(src)
	}
	slices.SortFunc(s.files, byPath)
	return s.files, err
}

func (s *stage) folder(src string) error {
	return filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == src {
			return err
		}
		if err := s.counted(); err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(src, p)
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return s.wrongType(rel)
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || info.Size() > MaxFileBytes {
			return errors.Join(err, s.tooBig(rel))
		}
		return s.add(filepath.ToSlash(rel), f)
	})
}

func (s *stage) archiveFile(src string) error {
	f, err := os.Open(src)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.archive(bufio.NewReader(f))
}

// archive reads to the last byte: what it does not look at, nobody signed.
func (s *stage) archive(r *bufio.Reader) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return s.noArchive(err)
	}
	z.Multistream(false)
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s.noArchive(err)
		}
		if err := s.entry(h, t); err != nil {
			return err
		}
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(z, maxText)); err != nil || n == maxText {
		return s.noArchive(cmp.Or(err, errors.New("too much follows its last file")))
	}
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		return s.noArchive(errors.New("something follows its end"))
	}
	return nil
}

func (s *stage) entry(h *tar.Header, r io.Reader) error {
	if err := s.counted(); err != nil {
		return err
	}
	switch h.Typeflag {
	case tar.TypeDir:
		// A file makes its folders; a folder's name must be plain all the same.
		if err := checkPath(path.Clean(h.Name)); err != nil {
			return refuse(s.label, RulePath, pathFix, "%v", err)
		}
		return nil
	case tar.TypeReg:
		if h.Size > MaxFileBytes {
			return s.tooBig(h.Name)
		}
		return s.add(h.Name, r)
	}
	return s.wrongType(h.Name)
}

// add writes one file and hashes the very bytes that it writes.
func (s *stage) add(name string, r io.Reader) error {
	if err := checkPath(name); err != nil {
		return refuse(s.label, RulePath, pathFix, "%v", err)
	}
	if other, ok := s.seen.add(name); !ok {
		return refuse(s.label, RuleDuplicate, "leave one of them out", "%q and %q are one place on some systems", name, other)
	}
	if dir := path.Dir(name); dir != "." {
		if err := s.root.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, sum), io.LimitReader(r, min(MaxFileBytes, MaxPackageBytes-s.total)+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return s.noArchive(fmt.Errorf("%s: %w", name, err))
	}
	if s.total += n; n > MaxFileBytes || s.total > MaxPackageBytes {
		return s.tooBig(name)
	}
	s.files = append(s.files, File{Path: name, SHA256: hex.EncodeToString(sum.Sum(nil)), Size: n})
	return nil
}

func (s *stage) counted() error {
	if s.count++; s.count > MaxFiles {
		return refuse(s.label, RuleCount, "leave out what the program does not need", "more than %d files and folders", MaxFiles)
	}
	return nil
}

func (s *stage) wrongType(name string) error {
	return refuse(s.label, RuleFileType, "put plain files in its place", "%.80q is a link, a device or another thing that is neither file nor folder", name)
}

func (s *stage) tooBig(name string) error {
	return refuse(s.label, RuleSize, "leave out what the program does not need", "with %.80q a file is above %d bytes, or all together are above %d", name, MaxFileBytes, MaxPackageBytes)
}

func (s *stage) noArchive(err error) error {
	return refuse(s.label, RuleArchive, archiveFix, "not a whole .tar.gz archive: %v", err)
}
