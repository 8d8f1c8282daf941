package pluginhost

import (
	"bufio"
	"errors"
	"fmt"
	"os/exec"
	"testing"
)

// The kernel ends what a thread forked together with the thread, and the thread
// that forks connectors may have forked for others before: it outlives each host.
func TestTheThreadThatForksOutlivesItsHost(t *testing.T) {
	t.Parallel()
	l := newLauncher()
	cmd := exec.Command("/bin/cat")
	cmd.SysProcAttr = ownGroup()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.start(cmd); err != nil {
		t.Fatal(err)
	}
	l.close()
	if err := l.start(exec.Command("/bin/true")); !errors.Is(err, errHostClosed) {
		t.Errorf("a closed host starts: %v", err)
	}
	// Many enough that a signal sent at the close would have come.
	said := bufio.NewReader(out)
	for i := range 5000 {
		if _, err := fmt.Fprintln(in, i); err != nil {
			t.Fatalf("the child is gone: %v", err)
		}
		if _, err := said.ReadString('\n'); err != nil {
			t.Fatalf("the child is gone: %v", err)
		}
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
