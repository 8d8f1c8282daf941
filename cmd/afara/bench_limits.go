package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// benchLimits are what the machine itself can do, measured in the same run:
// a figure means little without them.
type benchLimits struct {
	syncs  float64 // 4 KiB appends with fsync, one writer, per second
	http   float64 // loopback POSTs of 3 KiB, 32 clients, per second
	sha256 float64 // one core, MB per second
}

const limitTime = time.Second

func measureLimits(ctx context.Context, dir string) (benchLimits, error) {
	syncs, err := measureSyncs(filepath.Join(dir, "sync"))
	if err != nil {
		return benchLimits{}, err
	}
	return benchLimits{syncs: syncs, http: measureHTTP(ctx), sha256: measureSHA256()}, nil
}

func measureSyncs(path string) (float64, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer os.Remove(path)
	defer f.Close()
	page := make([]byte, 4096)
	n, start := 0, time.Now()
	for time.Since(start) < limitTime {
		if _, err := f.Write(page); err != nil {
			return 0, fmt.Errorf("write: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, fmt.Errorf("sync: %w", err)
		}
		n++
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

func measureHTTP(ctx context.Context) float64 {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	body := make([]byte, 3<<10)
	var n atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for range 32 {
		group.Go(func() {
			for time.Since(start) < limitTime {
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, bytes.NewReader(body))
				if err != nil {
					return
				}
				resp, err := client.Do(req)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				n.Add(1)
			}
		})
	}
	group.Wait()
	return float64(n.Load()) / time.Since(start).Seconds()
}

func measureSHA256() float64 {
	block := make([]byte, 1<<20)
	n, start := 0, time.Now()
	for time.Since(start) < limitTime/2 {
		sha256.Sum256(block)
		n++
	}
	return float64(n) / time.Since(start).Seconds()
}
