package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"sync"
	"time"
)

// record is what came, a line each. A line is in the file before the request is
// answered: a kill of this process takes nothing back that was taken.
type record struct {
	mu    sync.Mutex
	file  *os.File
	lines [][]byte
}

// arrival is one request whose body came whole.
type arrival struct {
	At     time.Time   `json:"at"`
	Manner string      `json:"manner"` // how it was answered
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
}

// openRecord reads what an earlier process kept. A line that it was killed in is
// of a request that it did not answer.
func openRecord(path string) (*record, error) {
	if path == "" {
		return nil, errors.New("record: is required: name a file")
	}
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	whole := raw[:bytes.LastIndexByte(raw, '\n')+1]
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	r := &record{file: file}
	for line := range bytes.Lines(whole) {
		r.lines = append(r.lines, bytes.Clone(line))
	}
	return r, file.Truncate(int64(len(whole)))
}

func (r *record) keep(header http.Header, body []byte, kind string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	line, err := json.Marshal(arrival{At: time.Now(), Manner: kind, Header: header, Body: string(body)})
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if _, err := r.file.Write(line); err != nil {
		return err
	}
	r.lines = append(r.lines, line)
	return nil
}

// after gives the lines from the n-th on.
func (r *record) after(n int) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines[min(max(n, 0), len(r.lines)):]
}
