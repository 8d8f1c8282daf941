package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// packed makes a signed package of the echo connector; it answers its path and
// the key id.
func packed(t *testing.T) (pkg, keyID string) {
	t.Helper()
	dir := t.TempDir()
	platform := runtime.GOOS + "_" + runtime.GOARCH
	folder := filepath.Join(dir, "echo")
	copyFile(t, program(t, "plugins/echo/manifest.json"), filepath.Join(folder, "manifest.json"))
	copyFile(t, program(t, "plugins/echo/echo"), filepath.Join(folder, "bin", platform, "echo"))
	pkg = filepath.Join(dir, "echo.tar.gz")
	keyID = afara(t, "connector", "keygen", filepath.Join(dir, "author")).want(t)
	afara(t, "connector", "pack", folder, "--out", pkg).want(t)
	if got := afara(t, "connector", "sign", pkg, "--key", filepath.Join(dir, "author.key")).want(t); !strings.Contains(got, keyID) {
		t.Errorf("sign: %s", got)
	}
	return pkg, keyID
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = os.WriteFile(to, raw, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestConnectorsAreInstalledListedAndVerified(t *testing.T) {
	t.Parallel()
	pkg, keyID := packed(t)
	dir := t.TempDir()
	run := func(args ...string) answer {
		return afara(t, append(append([]string{"connector"}, args...), "--plugin-dirs", dir)...)
	}
	if got := run("verify"); got.code != 1 || !holds(got.out, []string{"fail  catalog", "connectors.lock"}) {
		t.Errorf("without a lock: %d\n%s", got.code, got.out)
	}
	if got := run("install", pkg); got.code != 1 || !holds(got.err, []string{"echo", "signer_untrusted", "--trust " + keyID}) {
		t.Errorf("of somebody: %d\n%s", got.code, got.err)
	}
	if got := run("install", pkg, "--trust", keyID); !holds(got.want(t), []string{"echo 1.0.0 is active", keyID}) || !strings.Contains(got.err, "reload") {
		t.Errorf("install: %s", got.out)
	}
	if got := run("upgrade", pkg, "--allow-unsigned"); got.code != 0 {
		t.Errorf("the same again: %s", got.err)
	}
	table := run("list").want(t)
	if !regexp.MustCompile(`(?m)^NAME +VERSION +ACTIVE +SIGNER +DIGEST +VERIFICATION\necho +1\.0\.0 +yes +` + keyID + ` +[0-9a-f]{12} +ok$`).MatchString(table) {
		t.Errorf("list:\n%s", table)
	}
	if got := run("verify", "--user", "65534"); os.Getuid() == 0 && (got.code != 0 || !holds(got.out, []string{"ok    catalog", "echo 1.0.0 is as " + keyID, "ok    writable"})) {
		t.Errorf("verify: %d\n%s%s", got.code, got.out, got.err)
	}
	folder := filepath.Join(dir, "echo", "1.0.0")
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if got := run("verify", "--user", "65534"); os.Getuid() == 0 && (got.code != 0 || !holds(got.out, []string{"warn  writable", "could write " + folder + ":"})) {
		t.Errorf("an open folder: %d\n%s%s", got.code, got.out, got.err)
	}
	if got := run("verify", "--user", "nobody at all"); got.code != 1 || !strings.Contains(got.err, "user") {
		t.Errorf("no user: %d\n%s", got.code, got.err)
	}
	if err := os.Remove(filepath.Join(folder, "manifest.json")); err != nil {
		t.Fatal(err)
	}
	if got := run("verify"); got.code != 1 || !holds(got.out, []string{"fail  catalog", "connector echo: missing_file: manifest.json", "install its package again"}) {
		t.Errorf("damaged: %d\n%s", got.code, got.out)
	}
	var shown []map[string]any
	if err := json.Unmarshal([]byte(run("list", "--json").want(t)), &shown); err != nil || len(shown) != 1 || shown[0]["verification"] != "failed" || shown[0]["signer"] != keyID {
		t.Errorf("list --json: %v %v", shown, err)
	}
	data := t.TempDir()
	got := afara(t, "doctor", "--plugin-dirs", dir, "--data-dir", data, "--database-url", "sqlite:"+filepath.Join(data, "x.db"))
	if got.code != 1 || !holds(got.out, []string{"fail  connectors", "fail  catalog", "missing_file", "warn  writable"}) {
		t.Errorf("doctor: %d\n%s", got.code, got.out)
	}
	run("install", pkg).want(t)
	if got := afara(t, "doctor", "--plugin-dirs", dir, "--data-dir", data, "--database-url", "sqlite:"+filepath.Join(data, "x.db")); got.code != 0 || !holds(got.out, []string{"ok    connectors    echo 1.0.0", "ok    catalog"}) {
		t.Errorf("doctor after it was mended: %d\n%s", got.code, got.out)
	}
	if got := run("rollback", "echo"); got.code != 1 || !strings.Contains(got.err, "no earlier version") {
		t.Errorf("rollback: %d\n%s", got.code, got.err)
	}
	run("remove", "echo").want(t)
	if got := run("list").want(t); got != "none" {
		t.Errorf("list after remove: %s", got)
	}
	if got := afara(t, "connector", "remove", "echo", "--plugin-dirs", dir+",other"); got.code != 1 || !strings.Contains(got.err, "plugin-dirs") {
		t.Errorf("two directories: %d\n%s", got.code, got.err)
	}
}

// TestTheCatalogsPageRuns runs all that docs/catalog.md tells people to type.
func TestTheCatalogsPageRuns(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/catalog.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	for _, b := range blocks {
		script.WriteString(strings.ReplaceAll(b[1], "linux_amd64", runtime.GOOS+"_"+runtime.GOARCH))
	}
	if len(blocks) < 4 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	dir := t.TempDir()
	for _, name := range []string{"firs", "manifest.json"} {
		copyFile(t, program(t, "plugins/firs/"+name), filepath.Join(dir, "bin", "plugins", "firs", name))
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-e")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(script.String())
	cmd.Env = []string{"PATH=" + filepath.Dir(program(t, "afara")) + ":" + os.Getenv("PATH"), "HOME=" + dir}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"firs 1.0.0 is active", "firs 1.1.0 is active", "kept: 1.1.0", `"verification": "ok"`, "is as ed25519-", "removed firs"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
}
