package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// startSandbox runs the vendors' stand-ins and answers where they listen.
func (h *benchHost) startSandbox(ctx context.Context) (url string, err error) {
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	url = "http://" + address
	pid, err := h.start("sandbox", "--listen", address, "--data", filepath.Join(h.dir, "sandbox"))
	if err != nil {
		return "", err
	}
	h.pids["sandbox"] = pid
	if err := waitHealthy(ctx, url+"/healthz"); err != nil {
		return "", fmt.Errorf("sandbox: %w", err)
	}
	return url, nil
}

// waitConnector waits until the engine has its connector's process.
func (h *benchHost) waitConnector(ctx context.Context) error {
	for range 200 {
		if children := childrenOf(h.pids["engine"]); len(children) > 0 {
			h.pids["connector"] = children[0]
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("the engine started no connector")
}
