package secret_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/engine/secret"
)

func TestGeneratedKeyFileIsPrivateAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "master.key")
	first, err := secret.LoadOrGenerate(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	second, err := secret.LoadOrGenerate(path)
	if err != nil {
		t.Fatal(err)
	}
	if first.CheckValue(first.Current()) != second.CheckValue(second.Current()) {
		t.Error("the second start has another key")
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestStartsAtOnceAgreeOnOneKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	checks := make([]string, 16)
	var wg sync.WaitGroup
	for i := range checks {
		wg.Go(func() {
			k, err := secret.LoadOrGenerate(path)
			if err != nil {
				t.Error(err)
				return
			}
			checks[i] = k.CheckValue(k.Current())
		})
	}
	wg.Wait()
	for _, c := range checks {
		if c != checks[0] || c == "" {
			t.Fatalf("keys differ: %v", checks)
		}
	}
}

func TestKeyFileThatOthersReadIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	if err := os.WriteFile(path, []byte(masterKey(1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.LoadOrGenerate(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("%v", err)
	}
}

func TestBrokenKeyFileIsRefusedNotReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "master.key")
	if err := os.WriteFile(path, []byte("oops\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.LoadOrGenerate(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "oops\n" {
		t.Errorf("the file became %q", text)
	}
}
