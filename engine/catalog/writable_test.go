package catalog_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/afara-dev/afara/engine/catalog"
)

// Who may write a folder above a file may put another file in its place.
func TestWhoMayChangeAFileIsTold(t *testing.T) {
	t.Parallel()
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(open, "file")
	if err := os.WriteFile(file, nil, 0o400); err != nil {
		t.Fatal(err)
	}
	self, err := catalog.Self()
	if err != nil || int(self.UID) != os.Geteuid() || len(self.Groups) == 0 {
		t.Fatalf("%+v, %v", self, err)
	}
	stranger := catalog.User{UID: 1 << 30, Groups: []uint32{1 << 30}}
	for _, c := range []struct {
		user catalog.User
		path string
		may  bool
	}{
		{self, file, true}, // its owner could change the mode
		{catalog.User{UID: 0}, "/bin/sh", true},
		{stranger, "/bin/sh", false},
	} {
		if may, err := c.user.MayChange(c.path); err != nil || may != c.may {
			t.Errorf("user %d, %s: %t, %v", c.user.UID, c.path, may, err)
		}
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if may, err := stranger.MayChange(file); err != nil || !may {
		t.Errorf("in a folder that anybody may write: %t, %v", may, err)
	}
	if may, err := stranger.MayChange(filepath.Join(open, "none")); err == nil || !may {
		t.Error("what cannot be looked at is said to be safe")
	}
}
