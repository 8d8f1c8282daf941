package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afara-dev/afara/engine/store"
	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/webhook"
)

// site is an installation on the embedded database with the sandbox beside it,
// all made from the command line, and an integrator's receiver.
type site struct {
	t        *testing.T
	dir      string
	listen   string
	sandbox  string
	env      string
	key      string
	con      string
	receiver *callbacks
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "data"), listen: freeAddress(t)}
	sandbox := start(t, "sandbox", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--log-level", "warn")
	s.sandbox = strings.Fields(sandbox.line("sandbox ready on "))[3]
	org := s.admin("org", "create", "Adebayo Stores")
	made := strings.Fields(s.admin("env", "create", "--organisation", org, "--kind", "sandbox", "--allow-http", "--allow-loopback"))
	s.env = made[1]
	s.receiver = newCallbacks(t, made[4])
	s.key = s.admin("keys", "create", "--environment", s.env, "--scopes", "read,write,ops", "--description", "test")
	s.con = s.admin("connection", "put", "--environment", s.env, "--connector", "firs", "--file", s.provision())
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// settings are those of every command on this installation.
func (s *site) settings() []string {
	return []string{
		"AFARA_DATA_DIR=" + s.dir, "AFARA_DATABASE_URL=sqlite:" + filepath.Join(s.dir, "afara.db"), "AFARA_PLUGIN_DIRS=" + program(s.t, "plugins"),
		"AFARA_LISTEN=" + s.listen, "AFARA_LOG_LEVEL=warn",
	}
}

// admin runs a command that must succeed and answers what it printed.
func (s *site) admin(args ...string) string {
	s.t.Helper()
	return afaraWith(s.t, s.settings(), args...).want(s.t)
}

// serve runs a node until it is interrupted.
func (s *site) serve() *process {
	s.t.Helper()
	p := start(s.t, "afara", "serve", "--data-dir", s.dir, "--database-url", "sqlite:"+filepath.Join(s.dir, "afara.db"),
		"--plugin-dirs", program(s.t, "plugins"), "--listen", s.listen)
	eventually(s.t, "the node is ready", func() bool {
		return afara(s.t, "health", "http://"+s.listen+"/readyz").code == 0
	})
	return p
}

// provision makes a taxpayer at the sandbox and a file of settings for it.
func (s *site) provision() string {
	s.t.Helper()
	var b map[string]any
	s.call("POST", s.sandbox+"/firs/_control/businesses", map[string]string{"name": "Adebayo Stores", "tin": "12345678-0001", "email": "tax@adebayo.example"}, &b)
	raw, err := json.Marshal(map[string]any{
		"baseUrl": s.sandbox + "/firs", "apiKey": b["apiKey"], "apiSecret": b["apiSecret"], "businessId": b["businessId"], "serviceId": b["serviceId"],
		"publicKey": b["publicKey"], "certificate": b["certificate"],
		"supplier": map[string]any{
			"party_name": b["name"], "tin": b["tin"], "email": b["email"],
			"postal_address": map[string]string{"street_name": "1 Marina", "city_name": "Lagos", "country": "NG"},
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(s.t.TempDir(), "firs.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// post submits a sample invoice under that number and answers its id.
func (s *site) post(number string) string {
	s.t.Helper()
	var invoice map[string]any
	if err := json.Unmarshal(schemas.Sample(number, time.Now().UTC().Format(time.DateOnly)), &invoice); err != nil {
		s.t.Fatal(err)
	}
	invoice["callback_url"] = s.receiver.URL
	var a struct{ ID string }
	s.call("POST", "http://"+s.listen+"/si/invoices", map[string]any{"invoice": invoice}, &a)
	return a.ID
}

func (s *site) call(method, url string, in, out any) {
	s.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		s.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, url, bytes.NewReader(raw))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 || json.Unmarshal(body, out) != nil {
		s.t.Fatalf("%s %s: %s %v\n%s", method, url, resp.Status, err, body)
	}
}

// callbacks remembers the verified events of each invoice.
type callbacks struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string][]string
}

func newCallbacks(t *testing.T, secret string) *callbacks {
	c := &callbacks{seen: map[string][]string{}}
	c.Server = httptest.NewServer(webhook.Verifier{Secrets: []string{secret}}.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e struct {
			Event string
			Data  struct{ ID string }
		}
		if json.NewDecoder(r.Body).Decode(&e) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen[e.Data.ID] = append(c.seen[e.Data.ID], e.Event)
	})))
	t.Cleanup(c.Close)
	return c
}

func (c *callbacks) of(invoice string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.seen[invoice], ",")
}

func TestAnInstallationIsLookedAfterBesideItsRunningNode(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	node := s.serve()
	if got := s.admin("connection", "test", s.con); !strings.Contains(got, "ok: firs accepts") {
		t.Error(got)
	}
	first := s.post("INV-1")
	eventually(t, "the first invoice is signed", func() bool { return s.receiver.of(first) == "invoice.signed" })

	s.admin("connection", "pause", s.con)
	if got := s.admin("connection", "list", "--environment", s.env); !holds(got, []string{s.con, "firs", "invoice", "paused since"}) {
		t.Error(got)
	}
	s.admin("connection", "resume", s.con)
	s.looksAfterVersions()
	s.showsWebhooks()
	second := s.admin("keys", "create", "--environment", s.env, "--format", "sandpay")
	begins := second[:len("sp_sk_test_")+26]
	id := "key_" + strings.ToUpper(strings.TrimPrefix(begins, "sp_sk_test_"))
	if got := s.admin("keys", "list", "--environment", s.env); !holds(got, []string{id, begins}) || strings.Contains(got, second) {
		t.Errorf("keys list: %s", got)
	}
	s.key, second = second, s.key
	s.post("INV-2") // the running node knows the new key
	s.key = second
	s.admin("keys", "revoke", "--environment", s.env, id)
	if got := s.admin("audit", "--environment", s.env, "--action", "key.create"); strings.Count(got, "key_") != 2 {
		t.Error(got)
	}
	if got := s.admin("keys", "list", "--environment", s.env); strings.Contains(got, strings.SplitN(second, ":", 2)[1]) || strings.Count(got, "key_") != 2 {
		t.Errorf("keys list: %s", got)
	}
	for want, args := range map[string][]string{
		"Adebayo Stores": {"org", "list"}, s.env: {"env", "list"}, "firs 1.0.0 yes": {"connector", "list"},
		"ok nodes 1 running": {"doctor"}, "whsec_": {"env", "rotate", s.env, "--overlap", "1h"},
	} {
		if got := s.admin(args...); !strings.Contains(strings.Join(strings.Fields(got), " "), want) { // columns may grow
			t.Errorf("%q: want %q in\n%s", args, want, got)
		}
	}
	name := strings.Fields(strings.SplitN(s.admin("node", "list"), "\n", 2)[1])[0]
	for _, step := range []struct{ args, state string }{{name, "  draining  "}, {name + " --end", "  running  "}} {
		s.admin(append([]string{"node", "drain"}, strings.Fields(step.args)...)...)
		if got := s.admin("node", "list"); !strings.Contains(got, step.state) {
			t.Errorf("node drain %s:\n%s", step.args, got)
		}
	}
	if got := afaraWith(t, s.settings(), "node", "drain", "node_nobody"); got.code != 1 || !strings.Contains(got.err, "afara node list") {
		t.Errorf("%d %s", got.code, got.err)
	}
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"migrate"}, {"recover", "--restored-to", "2026-01-01T00:00:00Z"}} {
		if got := afaraWith(t, s.settings(), args...); got.code != 1 || !holds(got.err, []string{"another process", fmt.Sprint(node.cmd.Process.Pid)}) {
			t.Errorf("%q beside a node: %d %s", args, got.code, got.err)
		}
	}
	node.interrupt()
	if got := s.audited("environment.rotate_secret"); got != "operator "+s.env+" overlapSeconds 3600" {
		t.Errorf("audited %q", got)
	}
}

// audited answers the entry of an action: actor, subject and detail. No node
// may run.
func (s *site) audited(action string) string {
	s.t.Helper()
	db, err := store.Open(s.t.Context(), store.Config{URL: "sqlite:" + filepath.Join(s.dir, "afara.db")})
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Reader().Query(s.t.Context(), `SELECT actor, subject, detail FROM audit WHERE action = $1`, action)
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	var entries []string
	for rows.Next() {
		var actor, subject, detail string
		if err := rows.Scan(&actor, &subject, &detail); err != nil {
			s.t.Fatal(err)
		}
		entries = append(entries, actor+" "+subject+" "+detail)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	return strings.Join(entries, "\n")
}

// showsWebhooks makes a connection whose vendor pushes, and asks where to.
func (s *site) showsWebhooks() {
	s.t.Helper()
	path := filepath.Join(s.t.TempDir(), "echo.json")
	if err := os.WriteFile(path, []byte(`{"baseUrl":"http://127.0.0.1:1","apiKey":"echo-key-1"}`), 0o600); err != nil {
		s.t.Fatal(err)
	}
	id := strings.TrimSpace(s.admin("connection", "put", "--environment", s.env, "--connector", "echo", "--file", path, "--disabled"))
	if got := s.admin("connection", "list", "--environment", s.env, "--public-url", "https://afara.example/"); !strings.Contains(got, "https://afara.example/webhooks/echo/"+id) {
		s.t.Error(got)
	}
}

// looksAfterVersions changes the connection and takes it back, beside the node.
func (s *site) looksAfterVersions() {
	s.t.Helper()
	s.admin("connection", "disable", s.con)
	if got := s.admin("connection", "list", "--environment", s.env); !strings.Contains(got, "disabled since") {
		s.t.Error(got)
	}
	got := afaraWith(s.t, s.settings(), "connection", "delete", s.con)
	if got.code != 1 || !holds(got.err, []string{"less than 10 s ago"}) {
		s.t.Errorf("%d %s", got.code, got.err)
	}
	s.admin("connection", "rollback", s.con, "1")
	s.admin("connection", "enable", s.con)
	list := s.admin("connection", "versions", s.con)
	if !holds(list, []string{"operator", "rolled back to version 1", "enabled", "disabled", "created", "••••••••"}) || strings.Contains(list, "BEGIN") {
		s.t.Error(list)
	}
	deeds := s.admin("audit", "--environment", s.env, "--subject", s.con, "--limit", "2")
	if !holds(deeds, []string{"operator", "connection.enable", "connection.rollback"}) || strings.Contains(deeds, "connection.disable") {
		s.t.Error(deeds)
	}
	got = afaraWith(s.t, s.settings(), "connection", "rollback", s.con, "99")
	if got.code != 1 || !holds(got.err, []string{"No such version"}) {
		s.t.Errorf("%d %s", got.code, got.err)
	}
}

func TestBadSettingsOfAConnectionAreAllNamed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"apiKey":"topsecretvalue","baseUrl":"not a url","surplus":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	got := afaraWith(t, s.settings(), "connection", "put", "--environment", s.env, "--connector", "firs", "--file", bad)
	if got.code != 1 || !holds(got.err, []string{"baseUrl", "apiSecret", "supplier", "surplus"}) || strings.Contains(got.err, "topsecretvalue") {
		t.Errorf("%d %s", got.code, got.err)
	}
	got = afaraWith(t, s.settings(), "connection", "test", "con_none")
	if got.code != 1 || !holds(got.err, []string{"con_none", "connection list"}) {
		t.Errorf("%d %s", got.code, got.err)
	}
}

var signedOnce = regexp.MustCompile(`"registered":1\b`)

func TestARestoredDatabaseSignsNothingAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	node := s.serve()
	// Waiting at the time of the backup, signed after it.
	s.admin("connection", "pause", s.con)
	id := s.post("INV-1")
	backup := filepath.Join(t.TempDir(), "backup.db")
	s.admin("backup", backup)
	restoredTo := time.Now().UTC().Format(time.RFC3339Nano)
	s.admin("connection", "resume", s.con)
	eventually(t, "the invoice is signed", func() bool { return s.receiver.of(id) == "invoice.signed" })
	node.interrupt()

	s.restore(backup)
	if got := s.admin("recover", "--restored-to", restoredTo); !strings.HasPrefix(got, "1 look up before they send, 0 held") {
		t.Fatal(got)
	}
	s.admin("connection", "resume", s.con) // it was paused in the backup
	node = s.serve()
	// Found by its look-up: the invoice is complete once more, and told again.
	eventually(t, "the invoice is complete again", func() bool { return s.receiver.of(id) == "invoice.signed,invoice.signed" })
	node.interrupt()
	var counters json.RawMessage
	s.call("GET", s.sandbox+"/firs/_control/counters", nil, &counters)
	if !signedOnce.Match(counters) || !bytes.Contains(counters, []byte(`"violations":0`)) {
		t.Errorf("the authority counted %s", counters)
	}
}

// restore puts a backup in the place of the database.
func (s *site) restore(backup string) {
	s.t.Helper()
	path := filepath.Join(s.dir, "afara.db")
	for _, suffix := range []string{"-wal", "-shm"} {
		_ = os.Remove(path + suffix)
	}
	raw, err := os.ReadFile(backup)
	if err == nil {
		err = os.WriteFile(path, raw, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}
