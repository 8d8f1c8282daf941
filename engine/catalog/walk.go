package catalog

import (
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/afara-dev/afara/schemas"
)

// walk visits all but folders, with paths relative to the folder.
func walk(folder string, visit func(path, rel string, regular bool) error) error {
	return filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path != folder && d.IsDir() {
			return err
		}
		if path == folder {
			if !d.IsDir() {
				return errors.New(folder + " is no folder")
			}
			return nil
		}
		rel, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return visit(path, filepath.ToSlash(rel), d.Type().IsRegular())
	})
}

func hashFile(path string) (schemas.Digest, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return schemas.Digest{}, 0, err
	}
	defer f.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, f)
	return schemas.Digest(sum.Sum(nil)), n, err
}

// asRefusal names the connector whose files cannot be read.
func asRefusal(name string, err error) error {
	if r := (*Refusal)(nil); errors.As(err, &r) {
		return err
	}
	return refuse(name, RuleMissing, fixAgain, "%v", err)
}
