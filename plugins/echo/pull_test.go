package main

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/afara-dev/afara/sdk/connectorpb"
)

// pull reads a stream to its end.
func (b *bench) pull(t *testing.T, in *connectorpb.PullRequest) (keys []string, last *connectorpb.PullResponse) {
	t.Helper()
	in.Connection = b.connection
	stream, err := b.client.Pull(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return keys, last
		}
		if err != nil {
			t.Fatal(err)
		}
		last = answer
		for _, r := range answer.Records {
			keys = append(keys, r.Key)
		}
	}
}

func (b *bench) register(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		if _, failure := b.invoke(t, "invoice.sign", fmt.Sprintf(`{"irn":"R%04d"}`, i)); failure != nil {
			t.Fatal(failure)
		}
	}
}

func TestPullGivesEveryRecordOnceInOrderAndResumes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.register(t, 2*page+50)
	first, last := b.pull(t, &connectorpb.PullRequest{Stream: "documents", Limit: page + 20})
	if len(first) != page+20 || last.CaughtUp || last.Remaining != page+30 {
		t.Fatalf("first pull: %d records, %v", len(first), last)
	}
	rest, last := b.pull(t, &connectorpb.PullRequest{Stream: "documents", Cursor: last.Cursor})
	if !last.CaughtUp {
		t.Errorf("second pull did not catch up: %v", last)
	}
	for i, key := range append(first, rest...) {
		if want := fmt.Sprintf("R%04d", i); key != want {
			t.Fatalf("record %d is %s, want %s", i, key, want)
		}
	}
	if n := len(first) + len(rest); n != 2*page+50 {
		t.Errorf("%d records in all", n)
	}
	again, last := b.pull(t, &connectorpb.PullRequest{Stream: "documents", Cursor: last.Cursor})
	if len(again) != 0 || !last.CaughtUp {
		t.Errorf("a pull with nothing new gave %v, %v", again, last)
	}
}

func TestPullRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, last := b.pull(t, &connectorpb.PullRequest{Stream: "documents", Cursor: []byte("not a number")})
	if last.GetError().GetCode() != "cursor_unreadable" {
		t.Errorf("bad cursor: %v", last)
	}
	_, last = b.pull(t, &connectorpb.PullRequest{Stream: "songs"})
	if last.GetError().GetClass() != connectorpb.Class_CLASS_UNSUPPORTED {
		t.Errorf("unknown stream: %v", last)
	}
}

func FuzzCursor(f *testing.F) {
	f.Add([]byte("12"))
	f.Add([]byte("-1"))
	f.Add([]byte(nil))
	f.Fuzz(func(t *testing.T, cursor []byte) {
		if after, err := position(cursor); err == nil && after < 0 {
			t.Errorf("cursor %q gives position %d", cursor, after)
		}
	})
}
