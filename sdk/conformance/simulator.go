package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"time"
)

// simulatorLimit is how long a stand-in may take until it listens: its command
// may build it first.
const simulatorLimit = 2 * time.Minute

// simulator is a running stand-in.
type simulator struct {
	address string
	cmd     *exec.Cmd
	read    *os.File
	ended   chan struct{}
}

// startSimulator starts the stand-in and waits for its address.
func startSimulator(ctx context.Context, c *Cases, v values) (*simulator, error) {
	args := make([]string, len(c.Simulator.Command))
	for i, arg := range c.Simulator.Command {
		var err error
		if args[i], err = v.text(arg); err != nil {
			return nil, fmt.Errorf("simulator: command: %w", err)
		}
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	s := &simulator{cmd: exec.Command(args[0], args[1:]...), read: read, ended: make(chan struct{})}
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr, s.cmd.SysProcAttr = c.dir, write, write, ownGroup()
	err = s.cmd.Start()
	write.Close()
	if err != nil {
		read.Close()
		return nil, fmt.Errorf("simulator: %w; /simulator/command is started in the folder of the file of cases", err)
	}
	go func() { _ = s.cmd.Wait(); close(s.ended) }()
	if err := s.listens(ctx, regexp.MustCompile(c.Simulator.Address)); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// listens reads lines until one holds the address, and goes on reading, so that
// the stand-in never waits for a reader.
func (s *simulator) listens(ctx context.Context, pattern *regexp.Regexp) error {
	found := make(chan string, 1)
	var said transcript
	go func() {
		lines := bufio.NewScanner(io.TeeReader(s.read, &said))
		for lines.Scan() {
			if m := pattern.FindStringSubmatch(lines.Text()); m != nil {
				found <- m[1]
				break
			}
		}
		_, _ = io.Copy(io.Discard, s.read) // ends with the process
	}()
	limit := time.NewTimer(simulatorLimit)
	defer limit.Stop()
	var why string
	select {
	case s.address = <-found:
		return nil
	case <-s.ended:
		why = "it ended"
	case <-limit.C:
		why = fmt.Sprintf("%s went by", simulatorLimit)
	case <-ctx.Done():
		return ctx.Err()
	}
	return fmt.Errorf("simulator: %s before it printed a line that fits /simulator/address; it printed %q", why, shorten(said.String()))
}

// stop ends the stand-in and all that its command started.
func (s *simulator) stop() {
	_ = signalGroup(s.cmd.Process.Pid, syscall.SIGTERM) // it may have ended
	limit := time.NewTimer(endLimit)
	defer limit.Stop()
	select {
	case <-s.ended:
	case <-limit.C:
	}
	_ = signalGroup(s.cmd.Process.Pid, syscall.SIGKILL)
	<-s.ended
	s.read.Close()
}

// setup asks the stand-in for what the settings need and adds it to v.
func setup(ctx context.Context, upstream *url.URL, requests []Request, v values) error {
	for i, r := range requests {
		saved, err := ask(ctx, upstream, r, v)
		if err != nil {
			return fmt.Errorf("setup: /setup/%d: %w", i, err)
		}
		if r.Save != "" {
			v[r.Save] = saved
		}
	}
	return nil
}

func ask(ctx context.Context, upstream *url.URL, r Request, v values) (any, error) {
	if upstream == nil {
		return nil, errors.New("there is no stand-in to ask; add simulator, or name a running one")
	}
	path, err := v.text(r.Path)
	if err != nil {
		return nil, err
	}
	body, err := v.json(r.Body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, upstream.String()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s answered %s: %s", r.Method, path, res.Status, shorten(string(raw)))
	}
	var saved any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&saved); err != nil && r.Save != "" {
		return nil, fmt.Errorf("%s %s answered no JSON to save: %w", r.Method, path, err)
	}
	return saved, nil
}
