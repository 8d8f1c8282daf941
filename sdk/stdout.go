package sdk

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"

	"google.golang.org/grpc"
)

// stdout keeps standard output for the handshake. Descriptor 1 becomes a pipe
// to this process: the one line that is the handshake goes on to the engine, all
// other text becomes log lines. Without it a stray line before the handshake
// breaks the start, and a long one after it blocks the process for good.
type stdout struct {
	engine *os.File // what descriptor 1 was
	out    *os.File // os.Stdout, now the pipe
	err    *os.File // os.Stderr as the program found it

	log     chan *slog.Logger
	restore sync.Once
	kept    []*os.File
}

// guardStdout is called before anything else may print.
func guardStdout() (*stdout, error) {
	s := &stdout{err: os.Stderr, log: make(chan *slog.Logger, 1)}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	if s.engine, err = takeOver(os.Stdout, w); err != nil {
		return nil, errors.Join(err, r.Close(), w.Close())
	}
	s.out = os.Stdout
	go s.sort(r)
	return s, nil
}

// logTo says where stray lines go. Those written before wait for it.
func (s *stdout) logTo(log *slog.Logger) { s.log <- log }

// sort never ends: the program may write as long as it lives.
func (s *stdout) sort(r io.Reader) {
	log := <-s.log
	lines := bufio.NewReaderSize(r, maxLogText)
	handshaken := false
	for {
		// A line longer than the buffer comes in pieces; none may block.
		line, _, err := lines.ReadLine()
		if err != nil {
			return
		}
		if !handshaken && isHandshake(string(line)) {
			handshaken = true
			s.pass(log, line)
			continue
		}
		if len(line) > 0 {
			log.Warn("the connector wrote to standard output", "text", string(line))
		}
	}
}

func (s *stdout) pass(log *slog.Logger, line []byte) {
	_, err := s.engine.Write(append(line, '\n'))
	if err := errors.Join(err, s.engine.Close()); err != nil {
		log.Error("the handshake did not reach the engine", "error", err)
	}
}

// isHandshake knows go-plugin's line: core version, protocol version, network,
// address, protocol, certificate.
func isHandshake(line string) bool {
	return strings.HasPrefix(line, "1|") && strings.Contains(line, "|grpc|")
}

// restored undoes at the first call what go-plugin does to os.Stdout and
// os.Stderr after the handshake: it points them at pipes that only some hosts
// read, and an unread pipe blocks its writer. The pipes stay referenced, since
// go-plugin's reader spins on a closed one.
func (s *stdout) restored() {
	s.restore.Do(func() {
		s.kept = []*os.File{os.Stdout, os.Stderr}
		os.Stdout, os.Stderr = s.out, s.err
	})
}

func (s *stdout) unary(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	s.restored()
	return next(ctx, in)
}

func (s *stdout) stream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	s.restored()
	return next(srv, ss)
}
