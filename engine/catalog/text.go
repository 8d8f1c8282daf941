package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// encode is the one form of the package's JSON files: the same content is the
// same bytes.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// decode takes only what encode writes. So there is one reading of the bytes:
// no repeated, misspelt or unknown keys, and nothing after the end.
func decode(raw []byte, v any) error {
	if len(raw) > maxText {
		return fmt.Errorf("longer than %d bytes", maxText)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return err
	}
	again, err := encode(v)
	if err == nil && !bytes.Equal(raw, again) {
		err = errors.New("not written as afara writes it: unknown, repeated or missing keys, or another order or spacing")
	}
	return err
}

// readBounded reads a small file.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err == nil && len(raw) > maxText {
		err = fmt.Errorf("%s is longer than %d bytes", path, maxText)
	}
	return raw, err
}
