//go:build afara_failpoints && unix

package httpclient_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/afara-dev/afara/sdk/httpclient"
)

// TestFailpointHelper is not a test: it is the engine, or the connector under
// it, of the test below.
func TestFailpointHelper(t *testing.T) {
	switch os.Getenv("FAILPOINT_ROLE") {
	case "engine":
		_ = helper("connector", os.Getenv("FAILPOINT_URL"), os.Getenv("FAILPOINT_SIZE"), os.Getenv("AFARA_FAILPOINT")).Run()
	case "connector":
		c := newClient(t, httpclient.Options{BaseURL: os.Getenv("FAILPOINT_URL")})
		if _, err := c.Do(call(t, false), post("/harmless")); err != nil {
			t.Fatal(err)
		}
		_, err := c.Do(call(t, true), httpclient.Request{Method: http.MethodPost, Path: "/effect", Body: body(t)})
		t.Errorf("still alive: %v", err)
	}
}

func body(t *testing.T) []byte {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("FAILPOINT_SIZE"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Repeat([]byte("b"), n)
}

func helper(role, url, size, failpoint string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^TestFailpointHelper$")
	cmd.Env = []string{"FAILPOINT_ROLE=" + role, "FAILPOINT_URL=" + url, "FAILPOINT_SIZE=" + size, "AFARA_FAILPOINT=" + failpoint}
	return cmd
}

// TestTheFailPointKillsBothAfterTheWholeRequest: the vendor has all of it, the
// engine and the connector are gone before the answer.
func TestTheFailPointKillsBothAfterTheWholeRequest(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 2_000, 200_000} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			t.Parallel()
			dieAfter(t, size)
		})
	}
}

func dieAfter(t *testing.T, size int) {
	t.Helper()
	got := make(chan string, 2)
	gone := make(chan struct{})
	s := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("the request came cut: %v", err)
		}
		got <- r.URL.Path + " " + string(body)
		if r.URL.Path == "/effect" {
			<-r.Context().Done()
			close(gone)
		}
	})
	err := helper("engine", s.URL, strconv.Itoa(size), "request_written").Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the engine ended with %v, want SIGKILL", err)
	}
	if first := <-got; !strings.HasPrefix(first, "/harmless") {
		t.Errorf("first request: %s", first)
	}
	if effect := <-got; effect != "/effect "+strings.Repeat("b", size) {
		t.Errorf("the vendor got %d bytes", len(effect))
	}
	<-gone // the connector's connection ended, so it is dead too
}
