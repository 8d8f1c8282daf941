package pluginhost

import (
	"bufio"
	"errors"
	"io"
)

// maxLine bounds what is kept of one line; the rest of it is read and dropped,
// so that no line, however long, can fill the memory or block the writer.
const maxLine = 16 << 10

// readLines calls fn with each line of r, without its end, until r ends. cut
// says that the line was longer than maxLine. The slice is fn's only until it
// returns.
func readLines(r io.Reader, fn func(line []byte, cut bool)) error {
	br := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := br.ReadSlice('\n')
		cut := errors.Is(err, bufio.ErrBufferFull)
		if len(line) > 0 {
			fn(trimEOL(line), cut)
		}
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = br.ReadSlice('\n')
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func trimEOL(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}
