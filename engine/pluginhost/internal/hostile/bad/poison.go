package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	"github.com/afara-dev/afara/engine/pluginhost/internal/hostile"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// poisoned prepares an invoice as slowly as a vendor would, and dies of one that
// is poison once others are inside: they fall with it.
func (s *server) poisoned(ctx context.Context, in parameters) (*connectorpb.InvokeResponse, error) {
	s.preparing.Add(1)
	defer s.preparing.Add(-1)
	poison, patience := strings.HasPrefix(in.ReferenceKey, hostile.PoisonPrefix), time.Second
	if poison {
		patience = 3 * time.Second
	}
	for end := time.After(patience); ; {
		select {
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		case <-end:
			if poison {
				s.die()
			}
			date := strings.ReplaceAll(in.IssueDate, "-", "")
			return result(fmt.Sprintf(`{"irn":"%s-94ND90NR-%s","qrCodeData":"QR"}`, in.ReferenceKey, date))
		case <-time.After(5 * time.Millisecond):
			if poison && s.preparing.Load() > 2 {
				s.die()
			}
		}
	}
}

// stderr is the descriptor itself: go-plugin puts a pipe of its own in the place
// of os.Stderr, which is not empty yet when the process ends, and the garbage
// collector closes what nobody keeps.
var stderr = os.Stderr

func (s *server) die() {
	_, _ = fmt.Fprintf(stderr, "dies with %d inside\n", s.preparing.Load())
	os.Exit(7)
}
