package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// checkPublicURL asks the address that vendors are given for this engine's
// health.
func (c *doctorCmd) checkPublicURL(ctx context.Context, r *report) {
	const what = "public url"
	if c.PublicURL == "" {
		r.warn(what, "not set: vendors cannot send webhooks: set AFARA_PUBLIC_URL to the address under which they reach this installation")
		return
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		r.fail(what, "%v: write it as https://afara.example.com", err)
		return
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate()) {
		r.warn(what, "%s is an address of this network: vendors outside it cannot reach it", c.PublicURL)
		return
	}
	if u.Scheme != "https" {
		r.warn(what, "%s is plain http: most vendors call https only", c.PublicURL)
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.PublicURL, "/")+"/healthz", nil)
	if err != nil {
		r.fail(what, "%v", err)
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.warn(what, "%s does not answer from here (%v): check DNS, proxy and certificate, or ignore this where a node cannot reach itself", c.PublicURL, err)
		return
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		r.warn(what, "%s/healthz answers %s: check that the proxy leads to this engine and that it runs", c.PublicURL, resp.Status)
		return
	}
	r.ok(what, "%s answers", c.PublicURL)
}

// What must be free on the disk of the data directory.
const (
	diskFail = 100 << 20
	diskWarn = 1 << 30
)

func (c *doctorCmd) checkDisk(r *report) {
	const what = "disk"
	dir := c.DataDir
	if c.Embedded() {
		dir = filepath.Dir(strings.TrimPrefix(c.DatabaseURL.Reveal(), "sqlite:"))
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			r.warn(what, "%s does not exist yet: the first start makes it", dir)
			return
		}
		r.fail(what, "%s: %v", dir, err)
		return
	}
	free := int64(s.Bavail) * int64(s.Bsize) //nolint:unconvert // the type differs between systems
	switch {
	case free < diskFail:
		r.fail(what, "%d MB free at %s: nothing can be accepted soon: make room", free>>20, dir)
	case free < diskWarn:
		r.warn(what, "%d MB free at %s: make room", free>>20, dir)
	default:
		r.ok(what, "%d MB free at %s", free>>20, dir)
	}
}

// checkFileModes finds secrets that other users of the machine can read.
func (c *doctorCmd) checkFileModes(r *report) {
	const what = "file modes"
	files := []string{c.DataDir, filepath.Join(c.DataDir, "master.key")}
	if c.Embedded() {
		files = append(files, strings.TrimPrefix(c.DatabaseURL.Reveal(), "sqlite:"))
	}
	if c.File != "" {
		files = append(files, c.File)
	}
	well := true
	for _, path := range files {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			r.fail(what, "%v", err)
			well = false
			continue
		}
		mode := info.Mode().Perm()
		if mode&0o077 == 0 {
			continue
		}
		well = false
		if info.IsDir() {
			r.warn(what, "%s has mode %04o: chmod 700 %s", path, mode, path)
			continue
		}
		r.fail(what, "%s has mode %04o: others can read it: chmod 600 %s", path, mode, path)
	}
	if well {
		r.ok(what, "nobody else reads database, key and settings file")
	}
}
