package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/afara-dev/afara/docs/examples/checkouttest"
)

func TestTheCheckoutKeepsTheRules(t *testing.T) {
	t.Parallel()
	checkouttest.Run(t, func(t *testing.T, env map[string]string) string {
		ctx, stop := context.WithCancel(context.Background())
		said, out := io.Pipe()
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, func(name string) string { return env[name] }, out) }()
		t.Cleanup(func() {
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		line, err := bufio.NewReader(said).ReadString('\n')
		port, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
		if !ok {
			t.Fatalf("it says %q, %v", line, err)
		}
		return "http://127.0.0.1:" + port
	})
}

func TestItSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), func(string) string { return "" }, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "SANDPAY_API_KEY") {
		t.Error(err)
	}
}
