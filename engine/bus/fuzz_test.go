package bus

import (
	"maps"
	"strings"
	"testing"

	"github.com/ThreeDotsLabs/watermill-redisstream/pkg/redisstream"
	"github.com/ThreeDotsLabs/watermill/message"
)

// Entries are foreign bytes: any program may write to the streams.
func FuzzDecode(f *testing.F) {
	f.Add("", "", true)
	f.Add("u", "\x80", true)
	f.Add("u", "\x82\xa2id\xa5msg_1\xa4kind\xd9\x07message", true)
	f.Add("u", "\xde\x00\x01\xa1a\xda\x00\x01b", true)
	f.Add("u", "\xdf\xff\xff\xff\xff\xa1a", false)
	f.Add("u", "\x81\xdb\xff\xff\xff\xff", true)
	f.Add("u", "\x81\xaf"+metaMalformed+"\xa1x", true)
	f.Fuzz(func(t *testing.T, uuid, metadata string, hasUUID bool) {
		fields := map[string]any{fieldMetadata: metadata}
		if hasUUID {
			fields[fieldUUID] = uuid
		}
		m := decode(fields)
		if _, bad := m.Metadata[metaMalformed]; bad {
			return
		}
		// What was understood means the same when we write it, to us and to the
		// stock reader.
		ours, err := parseMetadata(string(appendMetadata(nil, m.Metadata)))
		if err != nil || !maps.Equal(ours, m.Metadata) {
			t.Fatalf("%q: read back as %v, %v, want %v", metadata, ours, err, m.Metadata)
		}
		stock, err := redisstream.DefaultMarshallerUnmarshaller{}.Unmarshal(map[string]any{
			fieldUUID: m.UUID, fieldMetadata: string(appendMetadata(nil, m.Metadata)),
		})
		if err != nil || !maps.Equal(stock.Metadata, m.Metadata) {
			t.Fatalf("%q: stock watermill reads %v, %v, want %v", metadata, stock, err, m.Metadata)
		}
	})
}

// Every length form of the stock writer is read.
func FuzzStockMetadata(f *testing.F) {
	f.Add("id", "msg_1", 1)
	f.Add(strings.Repeat("k", 40), strings.Repeat("v", 300), 20)
	f.Add("k", strings.Repeat("v", 70_000), 255)
	f.Fuzz(func(t *testing.T, key, value string, n int) {
		m := message.NewMessage("u", nil)
		for i := range max(0, min(n, 200)) {
			m.Metadata[key+strings.Repeat("x", i)] = value
		}
		fields, err := redisstream.DefaultMarshallerUnmarshaller{}.Marshal("", m)
		if err != nil {
			t.Skip()
		}
		raw, _ := fields[fieldMetadata].([]byte)
		got, err := parseMetadata(string(raw))
		if err != nil || !maps.Equal(got, m.Metadata) {
			t.Fatalf("got %d members, %v, want %d", len(got), err, len(m.Metadata))
		}
	})
}

func FuzzParseURL(f *testing.F) {
	for _, url := range []string{
		"redis://localhost", "rediss://u:p@h:1/2", "redis+sentinel://u:p@h1:1,h2/m?db=3", "redis+cluster://[::1]:7000,h",
		"redis://%zz@h", "redis://@", "redis://a,b", "://", "redis+sentinel://h/",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		got, err := parseURL(url)
		if err != nil {
			return
		}
		if len(got.addrs) == 0 || got.db < 0 || (got.mode == modeSentinel) != (got.master != "") {
			t.Fatalf("%q was read as %+v", url, got)
		}
		for _, a := range got.addrs {
			if !strings.Contains(a, ":") || strings.ContainsAny(a, "@,/?") {
				t.Fatalf("%q gave the address %q", url, a)
			}
		}
	})
}

func TestParseURLReadsEveryForm(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]target{
		"redis://h":          {addrs: []string{"h:6379"}},
		"redis://h:/2":       {addrs: []string{"h:6379"}, db: 2},
		"redis://u:p%40@h:1": {addrs: []string{"h:1"}, username: "u", password: "p@"},
		"redis://[::1]?db=4": {addrs: []string{"[::1]:6379"}, db: 4},
		"redis+sentinel://u:p@h1:1,h2/mymaster?db=3": {
			mode: modeSentinel, addrs: []string{"h1:1", "h2:26379"}, master: "mymaster", db: 3, username: "u", password: "p",
		},
		"redis+cluster://h1,h2:7/": {mode: modeCluster, addrs: []string{"h1:6379", "h2:7"}},
	} {
		got, err := parseURL(url)
		if err != nil || !equalTargets(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", url, got, err, want)
		}
	}
	for _, url := range []string{"rediss://h", "rediss+sentinel://h/m", "rediss+cluster://h"} {
		if got, err := parseURL(url); err != nil || got.tls == nil {
			t.Errorf("%s: tls %v, %v", url, got.tls, err)
		}
	}
}

func equalTargets(a, b target) bool {
	return a.mode == b.mode && strings.Join(a.addrs, " ") == strings.Join(b.addrs, " ") && a.db == b.db &&
		a.master == b.master && a.username == b.username && a.password == b.password && a.tls == nil && b.tls == nil
}
