package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"google.golang.org/grpc"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk/connectorpb"
)

// records is how many a stream has that does nothing worse than its name says.
const records = 4

// Pull gives one record a batch, after the cursor.
func (s *server) Pull(in *connectorpb.PullRequest, out grpc.ServerStreamingServer[connectorpb.PullResponse]) error {
	c := s.learn(in.GetConnection())
	if c == nil {
		return out.Send(&connectorpb.PullResponse{ConnectionUnknown: true})
	}
	after, _ := strconv.Atoi(string(in.GetCursor()))
	for n := after + 1; n <= records || in.GetStream() == "endless"; n++ {
		batch := give(in.GetStream(), n)
		batch.CaughtUp = n == records && in.GetStream() != "endless"
		over, err := misbehave(in, c, n, batch, out)
		if err != nil || over {
			return err
		}
		if err := out.Send(batch); err != nil {
			fmt.Fprintln(os.Stderr, "pull was cut:", err)
			return err
		}
		if in.GetLimit() > 0 && n-after >= int(in.GetLimit()) && in.GetStream() != "limit" {
			return nil
		}
	}
	return nil
}

// give is a batch of one good record.
func give(stream string, n int) *connectorpb.PullResponse {
	body := fmt.Appendf(nil, `{"n":%d}`, n)
	if stream == "invoices" || stream == "invoices_wrong" && n < 3 {
		body = schemas.Sample(fmt.Sprintf("PULL-%d", n), "2026-01-31")
	}
	return &connectorpb.PullResponse{Records: []*connectorpb.Record{record(fmt.Sprintf("k%d", n), body)}, Cursor: strconv.AppendInt(nil, int64(n), 10), Remaining: int64(records - n)}
}

func record(key string, body []byte) *connectorpb.Record {
	digest := schemas.DigestOf(body)
	return &connectorpb.Record{Key: key, Document: &connectorpb.Document{Digest: digest[:], Body: body}, OccurredUnixMicros: 1_800_000_000_000_000}
}

// misbehave does at the third record what the stream is named after, and reports
// whether nothing more comes.
func misbehave(in *connectorpb.PullRequest, c *connectorpb.Connection, n int, b *connectorpb.PullResponse, out grpc.ServerStreamingServer[connectorpb.PullResponse]) (over bool, err error) {
	if n != 3 {
		return false, nil
	}
	switch in.GetStream() {
	case "refuses":
		return true, out.Send(&connectorpb.PullResponse{Error: &connectorpb.Error{
			Class: connectorpb.Class_CLASS_RATE_LIMITED, Code: "slow_down", Message: "you sent " + string(c.GetSettings()), RetryAfterMillis: 1500,
		}})
	case "stuck":
		for {
			if err := out.Send(&connectorpb.PullResponse{Cursor: []byte("2"), Remaining: -1}); err != nil {
				return true, err
			}
		}
	case "half":
		return true, nil // the stream ends and does not say whether there is more
	case "silent":
		<-out.Context().Done()
		fmt.Fprintln(os.Stderr, "pull was cut:", out.Context().Err())
		return true, out.Context().Err()
	case "exits":
		os.Exit(7)
	case "forgets":
		return true, out.Send(&connectorpb.PullResponse{ConnectionUnknown: true})
	case "huge":
		b.Records[0] = record("k", []byte(`"`+strings.Repeat("x", 20_000_000)+`"`))
	case "greedy":
		for i := range 10_001 {
			b.Records = append(b.Records, record(strconv.Itoa(i), []byte("{}")))
		}
	case "refreshes":
		b.CredentialUpdate = &connectorpb.CredentialUpdate{BasedOnVersion: c.GetVersion(), Credential: []byte(`{"token":"pulled-token"}`)}
	default:
		spoil(in.GetStream(), b)
	}
	return false, nil
}

// spoil breaks the form of a record or of its batch.
func spoil(stream string, b *connectorpb.PullResponse) {
	replace := func(key string, body []byte) { b.Records[0] = record(key, body) }
	switch stream {
	case "no_cursor":
		b.Cursor = nil
	case "long_cursor":
		b.Cursor = []byte(strings.Repeat("9", 20_000))
	case "no_key":
		replace("", []byte("{}"))
	case "long_key":
		replace(strings.Repeat("k", 600), []byte("{}"))
	case "nul_key":
		replace("k\x00", []byte("{}"))
	case "not_json":
		replace("k", []byte("{"))
	case "large":
		replace("k", []byte(`"`+strings.Repeat("x", 1<<20)+`"`))
	case "digest":
		b.Records[0].Document.Digest = make([]byte, 32)
	case "far":
		b.Records[0].OccurredUnixMicros = 1 << 62
	}
}
