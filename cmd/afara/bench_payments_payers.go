package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// payersLook is how often the payers look at their telephones.
	payersLook = 50 * time.Millisecond
	// payersAtOnce answer side by side.
	payersAtOnce = 8
	// mostPrompts is the longest list of prompts.
	mostPrompts = 1000
)

// approveAll approves every prompt until ctx ends.
func (s *benchPayments) approveAll(ctx context.Context) error {
	tick := time.NewTicker(payersLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, err := s.approve(ctx, mostPrompts); err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// approve approves the oldest prompts and answers how many there were.
func (s *benchPayments) approve(ctx context.Context, most int) (int, error) {
	raw, err := control(ctx, http.MethodGet, fmt.Sprintf("%s/simnet/_control/prompts?operator=mtn&limit=%d", s.sandbox, most), nil)
	if err != nil {
		return 0, fmt.Errorf("list prompts: %w", err)
	}
	var prompts []struct{ Reference string }
	if err := json.Unmarshal(raw, &prompts); err != nil {
		return 0, fmt.Errorf("list prompts: %w", err)
	}
	references := make(chan string)
	var group sync.WaitGroup
	var mu sync.Mutex
	for range payersAtOnce {
		group.Go(func() {
			for reference := range references {
				_, failed := control(ctx, http.MethodPost, s.sandbox+"/simnet/_control/prompts/mtn/"+url.PathEscape(reference), []byte(`{"answer":"approve","pin":"1234"}`))
				if failed != nil {
					mu.Lock()
					err = fmt.Errorf("approve a prompt: %w", failed)
					mu.Unlock()
				}
			}
		})
	}
	for _, p := range prompts {
		references <- p.Reference
	}
	close(references)
	group.Wait()
	return len(prompts), err
}
