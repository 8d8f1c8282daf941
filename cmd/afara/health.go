package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// healthCmd is the health check of an image that has nothing but this program.
type healthCmd struct {
	URL     string        `arg:"" optional:"" help:"Endpoint to ask." default:"http://127.0.0.1:8080/readyz"`
	Timeout time.Duration `help:"How long to wait for the answer." default:"3s"`
}

// Run succeeds when the answer is 200.
func (c *healthCmd) Run(ctx context.Context, p program) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return fmt.Errorf("url: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", c.URL, resp.Status)
	}
	_, err = fmt.Fprintln(p.out, "ok")
	return err
}
