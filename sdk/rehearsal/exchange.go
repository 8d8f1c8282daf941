package rehearsal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Exchange is one request to the vendor and its answer, secrets redacted.
type Exchange struct {
	// Setting is the one whose address was asked.
	Setting string            `json:"setting"`
	Method  string            `json:"method"`
	Target  string            `json:"target"` // path and query
	Header  map[string]string `json:"requestHeaders,omitempty"`
	Body    Bytes             `json:"requestBody,omitempty"`

	Status        int               `json:"status,omitempty"`
	AnswerHeader  map[string]string `json:"answerHeaders,omitempty"`
	AnswerBody    Bytes             `json:"answerBody,omitempty"`
	NoAnswer      string            `json:"noAnswer,omitempty"` // why there was none
	file          string
	alreadyPlayed bool
}

// asks reports whether two exchanges have the same request.
func (e *Exchange) asks(o *Exchange) bool {
	return e.sameTarget(o) && slices.Equal(e.Body, o.Body)
}

func (e *Exchange) sameTarget(o *Exchange) bool {
	return e.Setting == o.Setting && e.Method == o.Method && e.Target == o.Target
}

const maxExchanges = 10_000

// newFolder makes the folder of recordings.
func newFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return os.MkdirAll(dir, 0o700)
	case err != nil:
		return fmt.Errorf("record: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("record: %s is not empty; name another folder, or remove it", dir)
	}
	return nil
}

func (e *Exchange) write(dir string, n int) error {
	raw, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.json", n)), append(raw, '\n'), 0o600)
}

// readFolder reads recordings in their order.
func readFolder(dir string) ([]*Exchange, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	if len(files) == 0 || len(files) > maxExchanges {
		return nil, fmt.Errorf("replay: %s holds %d recordings; name a folder that --record has filled", dir, len(files))
	}
	slices.Sort(files)
	var out []*Exchange
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("replay: %w", err)
		}
		e := &Exchange{file: filepath.Base(file)}
		if err := json.Unmarshal(raw, e); err != nil {
			return nil, fmt.Errorf("replay: %s: %w; record it anew", file, err)
		}
		out = append(out, e)
	}
	return out, nil
}
