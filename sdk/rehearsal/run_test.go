package rehearsal_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/afara-dev/afara/sdk/rehearsal"
	"github.com/afara-dev/afara/sdk/scaffold/acme/simulator"
)

const key = "very-secret-key-of-acme"

// connector is the one that new connectors begin as.
var connector = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "rehearsal")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "acme")
	out, err := exec.Command("go", "build", "-o", path, "../scaffold/acme").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, out)
	}
	return path, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := connector(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

const requests = `
# what an author tries first
{"check": true}
{"operation": "acme.find", "parameters": {"reference": "A", "text": "hello"}}
{"operation": "acme.send", "key": "k", "parameters": {"reference": "A", "text": "hello"}}
{"operation": "acme.send", "key": "k", "parameters": {"reference": "A", "text": "hello"}}
{"operation": "acme.find", "parameters": {"reference": "A", "text": "hello"}}
{"operation": "acme.find", "parameters": {"reference": 1}}
{"pull": "messages", "limit": 1}
{"webhook": "message", "body": {"id": "n1"}}
`

// rehearse runs requests and gives the answers as lines, without their times.
func rehearse(t *testing.T, lines string, o rehearsal.Options) (string, rehearsal.Result, error) {
	t.Helper()
	path, err := connector()
	if err != nil {
		t.Fatal(err)
	}
	if o.Requests, err = rehearsal.ReadRequests(strings.NewReader(lines)); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	o.Binary = path
	o.Each = func(a rehearsal.Answer) error {
		a.Millis = 0
		return json.NewEncoder(&out).Encode(a)
	}
	result, err := rehearsal.Run(t.Context(), o)
	return out.String(), result, err
}

func settings(url string) []byte { return fmt.Appendf(nil, `{"baseUrl":%q,"apiKey":%q}`, url, key) }

func TestWhatWasRecordedIsReplayedWithoutTheVendor(t *testing.T) {
	t.Parallel()
	vendor := httptest.NewServer(simulator.New(key))
	folder := filepath.Join(t.TempDir(), "recorded")
	live, result, err := rehearse(t, requests, rehearsal.Options{Settings: settings(vendor.URL + "/"), Record: folder})
	vendor.Close()
	if err != nil || result.Faulty != 0 {
		t.Fatalf("%v %+v\n%s", err, result, live)
	}
	for _, want := range []string{
		`"result":"not_found"`, `"result":{"number":1}`, `"class":"unknown_outcome"`, `"result":"found_final"`, `"class":"invalid"`,
		`"records":[{"key":"A"`, `"cursor":"1"`, `"code":"webhook_secret_missing"`, `"asked":"check"`,
	} {
		if !strings.Contains(live, want) {
			t.Errorf("%s is not in\n%s", want, live)
		}
	}
	noSecretIn(t, folder)
	// The vendor is gone, and the key is another one.
	again, result, err := rehearse(t, requests, rehearsal.Options{
		Settings: []byte(`{"baseUrl":"https://acme.invalid","apiKey":"some-other-key"}`), Replay: folder,
	})
	if err != nil || again != live || len(result.Missing)+len(result.Unused) != 0 {
		t.Errorf("%v %+v\nlive:\n%s\nreplayed:\n%s", err, result, live, again)
	}
}

func noSecretIn(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) != 6 {
		t.Fatalf("%d recordings, want 6: %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		info, statErr := os.Stat(file)
		if err != nil || statErr != nil || strings.Contains(string(raw), key) || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v\n%s", file, err, statErr, raw)
		}
	}
}

func TestARequestWithoutARecordingIsNamed(t *testing.T) {
	t.Parallel()
	vendor := httptest.NewServer(simulator.New(key))
	t.Cleanup(vendor.Close)
	folder := filepath.Join(t.TempDir(), "recorded")
	const send = `{"operation": "acme.send", "parameters": {"reference": "A", "text": %q}}` + "\n"
	if _, _, err := rehearse(t, fmt.Sprintf(send, "hello")+`{"check": true}`, rehearsal.Options{Settings: settings(vendor.URL), Record: folder}); err != nil {
		t.Fatal(err)
	}
	lines := fmt.Sprintf(send, "hello") + fmt.Sprintf(send, "hello") + fmt.Sprintf(send, "bye") + `{"pull": "messages"}`
	out, result, err := rehearse(t, lines, rehearsal.Options{Settings: settings(vendor.URL), Replay: folder})
	if err != nil || len(result.Missing) != 3 || len(result.Unused) != 1 || result.Unused[0] != "0002.json" {
		t.Fatalf("%v %+v\n%s", err, result, out)
	}
	for i, want := range []string{"0001.json has answered it already", "0001.json has another body", "GET /v1/messages?after=0&limit=100 (baseUrl): no recording"} {
		if !strings.Contains(result.Missing[i], want) {
			t.Errorf("%q is not in %q", want, result.Missing[i])
		}
	}
	if strings.Count(out, `"class":"unknown_outcome"`) != 2 {
		t.Errorf("a lost answer to an effect is a doubt:\n%s", out)
	}
}

func TestSecretsThatTheVendorQuotesAreNotKept(t *testing.T) {
	t.Parallel()
	vendor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session=abcdef")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, "you said "+r.Header.Get("Authorization"))
	}))
	t.Cleanup(vendor.Close)
	folder := filepath.Join(t.TempDir(), "recorded")
	out, _, err := rehearse(t, `{"check": true}`, rehearsal.Options{Settings: settings(vendor.URL), Record: folder})
	if err != nil || strings.Contains(out, key) || !strings.Contains(out, `"class":"rejected"`) {
		t.Errorf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(folder, "0001.json"))
	if text := string(raw); err != nil || strings.Contains(text, key) || strings.Contains(text, "abcdef") || !strings.Contains(text, "you said") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestAVendorThatIsNotThereIsRecordedToo(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	folder := filepath.Join(t.TempDir(), "recorded")
	for _, o := range []rehearsal.Options{{Record: folder}, {Replay: folder}} {
		o.Settings = settings(gone.URL)
		out, result, err := rehearse(t, `{"check": true}`, o)
		if err != nil || len(result.Missing) != 0 || !strings.Contains(out, `"class":"unavailable"`) {
			t.Errorf("%v %+v\n%s", err, result, out)
		}
	}
}

func TestWhatCannotBeRunIsSaid(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]rehearsal.Options{
		"/apiKey":                    {Settings: []byte(`{"baseUrl":"http://127.0.0.1:1","apiKey":1}`)},
		"is not empty":               {Settings: settings("http://127.0.0.1:1"), Record: full},
		"holds 0 recordings":         {Settings: settings("http://127.0.0.1:1"), Replay: t.TempDir()},
		"name one of them":           {Settings: settings("http://127.0.0.1:1"), Record: full, Replay: full},
		"the setting apiKey holds":   {Settings: settings("http://127.0.0.1:1"), Record: filepath.Join(full, "new"), Vendor: []string{"apiKey"}},
		"settings: they do not fit ": {},
	} {
		if _, _, err := rehearse(t, `{"check": true}`, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAFaultyLineIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                   "holds none",
		"{\"check\":true}\n{":                "line 2: ",
		`{"check":true,"pull":"a"}`:          "none or several",
		`{}`:                                 "none or several",
		`{"opration":"a.b"}`:                 "unknown field",
		`{"check":true} {"check":true}`:      "more than one",
		`{"operation":"a.b","document":{}}`:  "document needs",
		`{"pull":"a","limit":-1}`:            "limit",
		`{"pull":"a","cursor":"base64:???"}`: "line 1",
	} {
		if _, err := rehearsal.ReadRequests(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
