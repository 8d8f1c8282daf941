package callback_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/callback"
	"github.com/afara-dev/afara/schemas"
)

const verifyDocs = "../../docs/verify"

// need finds a program that others verify with. CI installs them all, so there
// a missing one fails.
func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true":
		t.Fatalf("%s is not in PATH", program)
	default:
		t.Skipf("SKIPPED, NOT PROVED on this machine: %s is not in PATH", program)
	}
	return ""
}

// TestTheReceiversOfTheDocsBelieveWhatWeSendAndNothingElse runs the programs
// that docs/verify.md shows, as they stand.
func TestTheReceiversOfTheDocsBelieveWhatWeSendAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		program string
		args    []string
		file    string
	}{{"node", nil, "verify.mjs"}, {"python3", nil, "verify.py"}, {"php", []string{"-S", "127.0.0.1:0"}, "verify.php"}} {
		t.Run(c.program, func(t *testing.T) {
			t.Parallel()
			url := documented(t, need(t, c.program), append(c.args, filepath.Join(verifyDocs, c.file))...)
			sender, err := callback.NewSender(callback.SenderConfig{Guard: guard(t, callback.GuardConfig{})})
			must(t, err)
			send := func(secrets ...string) int {
				body, err := callback.FormatAfara.Render(goldenEvent(schemas.EventInvoiceSigned), 1)
				must(t, err)
				return sender.Send(t.Context(), callback.Request{URL: url, EventID: "evt_1", Body: body, Secrets: secrets, Policy: local()}).Status
			}
			if got := send(testSecret); got != http.StatusNoContent {
				t.Errorf("our own: %d", got)
			}
			if got := send(goldenPrevious, testSecret); got != http.StatusNoContent {
				t.Errorf("during a rotation: %d", got)
			}
			if got := send(goldenPrevious); got != http.StatusUnauthorized {
				t.Errorf("with another secret: %d", got)
			}
			old, err := callback.NewSender(callback.SenderConfig{Guard: guard(t, callback.GuardConfig{}), Now: goldenTime})
			must(t, err)
			if got := old.Send(t.Context(), callback.Request{URL: url, EventID: "evt_1", Body: []byte(`{}`), Secrets: []string{testSecret}, Policy: local()}).Status; got != http.StatusUnauthorized {
				t.Errorf("from long ago: %d", got)
			}
		})
	}
}

// listens is where a receiver says that it listens: its own words, or those of
// the server that comes with PHP.
var listens = regexp.MustCompile(`(?:listening on |http://127\.0\.0\.1:)([1-9][0-9]*)`)

// documented starts a receiver and answers its URL.
func documented(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "PORT=0", "AFARA_SIGNING_SECRET="+testSecret)
	out, err := cmd.StdoutPipe()
	must(t, err)
	cmd.Stderr = cmd.Stdout // where PHP speaks
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
		if found := listens.FindStringSubmatch(lines.Text()); found != nil {
			go func() {
				for lines.Scan() { // it must not block on what it prints
				}
			}()
			return "http://127.0.0.1:" + found[1] + "/"
		}
	}
	t.Fatalf("%s %q does not listen: %v\n%s", program, args, lines.Err(), strings.Join(said, "\n"))
	return ""
}

func TestThePageOfTheDocsShowsTheProgramsThatAreTested(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/verify.md")
	must(t, err)
	for _, file := range []string{"verify.mjs", "verify.py", "verify.php"} {
		program, err := os.ReadFile(filepath.Join(verifyDocs, file))
		must(t, err)
		if !bytes.Contains(page, program) {
			t.Errorf("docs/verify.md does not show %s as it is", file)
		}
	}
}

// signedNow is a request of ours as its receiver gets it.
func signedNow(t *testing.T) request {
	t.Helper()
	h := newHook(t)
	body, err := callback.FormatAfara.Render(goldenEvent(schemas.EventInvoiceSigned), 1)
	must(t, err)
	if r := send(t, guard(t, callback.GuardConfig{}), callback.Request{URL: h.URL, EventID: "evt_1", Body: body, Policy: local()}); r.Class != callback.ClassDelivered {
		t.Fatalf("%+v", r)
	}
	return h.requests()[0]
}

func TestPlainOpenSSLMakesTheSameSignatures(t *testing.T) {
	t.Parallel()
	openssl := need(t, "openssl")
	r := signedNow(t)
	mac := func(key, text []byte) []byte {
		cmd := exec.CommandContext(t.Context(), openssl, "dgst", "-sha256", "-mac", "HMAC", "-macopt", "hexkey:"+hex.EncodeToString(key), "-binary")
		cmd.Stdin = bytes.NewReader(text)
		out, err := cmd.Output()
		must(t, err)
		return out
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(testSecret, "whsec_"))
	must(t, err)
	signed := append([]byte(r.header.Get("Webhook-Id")+"."+r.header.Get("Webhook-Timestamp")+"."), r.body...)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac(key, signed)); r.header.Get("Webhook-Signature") != want {
		t.Errorf("webhook-signature %s, openssl %s", r.header.Get("Webhook-Signature"), want)
	}
	if want := hex.EncodeToString(mac([]byte(testSecret), r.body)); r.header.Get("X-Signature") != want {
		t.Errorf("x-signature %s, openssl %s", r.header.Get("X-Signature"), want)
	}
}

// TestTheReferenceLibraryBelievesUs asks the npm package standardwebhooks, which
// .ci/run installs.
func TestTheReferenceLibraryBelievesUs(t *testing.T) {
	t.Parallel()
	const dir = "../../.ci/standardwebhooks"
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "standardwebhooks")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("npm package standardwebhooks: %v", err)
		}
		t.Skip("SKIPPED, NOT PROVED on this machine: the npm package standardwebhooks is not installed (npm ci in .ci/standardwebhooks)")
	}
	node := need(t, "node")
	verify := func(secret string, r request) error {
		input, err := json.Marshal(map[string]any{"secret": secret, "body": string(r.body), "headers": map[string]string{
			"webhook-id": r.header.Get("Webhook-Id"), "webhook-timestamp": r.header.Get("Webhook-Timestamp"), "webhook-signature": r.header.Get("Webhook-Signature"),
		}})
		must(t, err)
		cmd := exec.CommandContext(t.Context(), node, "verify.mjs")
		cmd.Dir, cmd.Stdin = dir, bytes.NewReader(input)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}
	r := signedNow(t)
	if err := verify(testSecret, r); err != nil {
		t.Error(err)
	}
	if err := verify(goldenPrevious, r); err == nil || !strings.Contains(err.Error(), "No matching signature") {
		t.Errorf("with another secret: %v", err)
	}
	r.header.Set("Webhook-Timestamp", fmt.Sprint(time.Now().Add(-time.Hour).Unix()))
	if verify(testSecret, r) == nil {
		t.Error("an old timestamp is believed")
	}
}
