// Command broken is a connector that keeps the contract but for one fault, which
// it takes from the name of its executable: what the conformance kit must find.
// Under the name good it has none. It stands on the bare contract where the SDK
// would prevent the fault.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// mode is the fault.
var mode = filepath.Base(os.Args[0])

func main() {
	if err := serve(connector{}); err != nil {
		fmt.Fprintln(os.Stderr, "broken:", err)
		os.Exit(1)
	}
}

const manifestText = `{
  "name": "broken", "version": "1.0.0", "title": "Broken", "protocolVersion": 1, "capabilities": ["broken"],
  "settings": {"type": "object", "additionalProperties": false, "required": ["baseUrl", "apiKey"], "properties": {
    "baseUrl": {"title": "Address", "description": "Of the registry.", "type": "string"},
    "apiKey": {"title": "Key", "description": "Of the registry.", "type": "string", "x-afara-secret": true},
    "hookSecret": {"title": "Secret", "description": "Of pushes.", "type": "string", "x-afara-secret": true}
  }},
  "operations": [
    {"name": "broken.say", "title": "Say", "effect": "none", "deadline": "5s",
      "input": {"type": "object", "additionalProperties": false, "required": ["text"], "properties": {"text": {"type": "string"}}},
      "output": {"type": "object", "additionalProperties": false, "required": ["text"], "properties": {"text": {"type": "string"}}}},
    {"name": "broken.find", "title": "Find", "effect": "none", "deadline": "5s",
      "input": {"type": "object", "additionalProperties": false, "required": ["reference"], "properties": {"reference": {"type": "string"}}},
      "output": {"type": "object", "additionalProperties": false, "required": ["found"], "properties": {"found": {"type": "boolean"}}}},
    {"name": "broken.register", "title": "Register", "effect": "keyed", "deadline": "5s", "settlesAfter": "30s", "lookup": "broken.find",
      "input": {"type": "object", "additionalProperties": false, "required": ["reference"], "properties": {"reference": {"type": "string"}}},
      "output": {"type": "object", "additionalProperties": false}}
  ],
  "streams": [{"name": "documents", "title": "Documents"}],
  "webhooks": [{"name": "document", "title": "Document"}]
}`

// manifest is the text with the fault in it.
func manifest() []byte {
	change := func(old, with string) []byte { return []byte(strings.Replace(manifestText, old, with, 1)) }
	switch mode {
	case "manifest.valid":
		return change(`"lookup": "broken.find",`, "")
	case "manifest.described":
		return change(`"description": "Of pushes.", `, "")
	case "errors.declared": // it lists some of its errors
		return change(`"webhooks": [`, `"errors": [{"code": "never", "classes": ["internal"], "title": "Never."}], "webhooks": [`)
	case "settings.unknown":
		return change(`"additionalProperties": false, "required": ["baseUrl"`, `"required": ["baseUrl"`)
	case "settings.types":
		return change(`"description": "Of the registry.", "type": "string"`, `"description": "Of the registry."`)
	}
	return []byte(manifestText)
}

type connector struct{}

func (connector) Manifest() []byte { return []byte(manifestText) }

type settings struct{ BaseURL, APIKey, HookSecret string }

// timeout is how long one request may take.
func timeout() time.Duration {
	switch mode {
	case "time.deadline":
		return 4 * time.Second
	case "time.neighbours":
		return 8 * time.Second
	}
	return time.Second
}

func client(_ context.Context, c *sdk.Connection) (*httpclient.Client, error) {
	var s settings
	if err := c.Settings(&s); err != nil {
		return nil, err
	}
	return httpclient.New(httpclient.Options{
		BaseURL: s.BaseURL, Header: http.Header{"Authorization": {"Bearer " + s.APIKey}}, Timeout: timeout(),
	})
}

// last is what must not be shared among calls.
var last struct {
	sync.Mutex
	text   string
	client *httpclient.Client
	files  []*os.File
	mine   map[string]bool
}

func (connector) Check(ctx context.Context, c *sdk.Connection) error {
	http, err := sdk.Memo(ctx, c, client)
	if err != nil {
		return err
	}
	if mode == "parallel.connections" {
		last.Lock()
		last.client = http
		last.Unlock()
		<-time.After(50 * time.Millisecond)
		last.Lock()
		http = last.client
		last.Unlock()
	}
	answer, err := http.Do(ctx, httpclient.Request{Path: "/v1/ping"})
	if err != nil {
		return err
	}
	return answer.Failure()
}

func (connector) Operations() map[string]sdk.Handler {
	return map[string]sdk.Handler{
		"broken.say": sdk.Handle(say), "broken.find": sdk.Handle(find), "broken.register": sdk.Handle(register),
	}
}

type text struct {
	Text string `json:"text"`
}

func say(_ context.Context, _ *sdk.Call, in text) (text, error) {
	switch mode {
	case "parallel.calls":
		last.Lock()
		last.text = in.Text
		last.Unlock()
		<-time.After(20 * time.Millisecond)
		last.Lock()
		defer last.Unlock()
		in.Text = last.text
	case "parallel.growth":
		f, err := os.Open(os.Args[0])
		last.Lock()
		last.files = append(last.files, f)
		last.Unlock()
		return in, err
	}
	return in, nil
}

type reference struct {
	Reference string `json:"reference"`
}

type finding struct {
	Found bool   `json:"found"`
	More  string `json:"more,omitempty"`
}

func find(ctx context.Context, call *sdk.Call, in reference) (finding, error) {
	if mode == "state.process" {
		last.Lock()
		defer last.Unlock()
		if last.mine[in.Reference] {
			return finding{Found: true}, nil
		}
	}
	http, err := sdk.Memo(ctx, call.Connection, client)
	if err != nil {
		return finding{}, err
	}
	answer, err := http.Do(ctx, httpclient.Request{Path: "/v1/documents/" + url.PathEscape(in.Reference)})
	if err != nil {
		return finding{}, err
	}
	out := finding{Found: answer.Status == 200}
	switch {
	case mode == "invoke.valid":
		out.More = "than the schema has"
	case mode == "state.process":
		out.Found = false
	}
	if answer.Status == 404 {
		return out, nil
	}
	return out, answer.Failure()
}

func register(ctx context.Context, call *sdk.Call, in reference) (schemas.Empty, error) {
	http, err := sdk.Memo(ctx, call.Connection, client)
	if err != nil {
		return schemas.Empty{}, err
	}
	request, err := httpclient.JSON("PUT", "/v1/documents/"+url.PathEscape(in.Reference), map[string]any{
		"reference": in.Reference, "issueDate": "2026-11-23", "currency": "NGN", "payable": 1, "taxExclusive": 1,
	})
	if err != nil {
		return schemas.Empty{}, err
	}
	answer, err := http.Do(ctx, request)
	if err != nil {
		if began := new(sdk.Error); errors.As(err, &began) && began.Code == "no_answer" {
			resend(ctx, call, request)
		}
		return schemas.Empty{}, err
	}
	if err := answer.Failure(); err != nil {
		return schemas.Empty{}, err
	}
	last.Lock()
	if last.mine == nil {
		last.mine = map[string]bool{}
	}
	last.mine[in.Reference] = true
	last.Unlock()
	var read map[string]any
	return schemas.Empty{}, answer.JSON(&read)
}

// resend is what no connector may do.
func resend(ctx context.Context, call *sdk.Call, again httpclient.Request) {
	var s settings
	if mode != "effect.twice" || call.Connection.Settings(&s) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, again.Method, s.BaseURL+again.Path, bytes.NewReader(again.Body))
	if err != nil {
		return
	}
	if answer, err := http.DefaultClient.Do(r); err == nil {
		answer.Body.Close()
	}
}

var errEnd = errors.New("the end of the page")

// Pull pages through the documents; the cursor is the number of the last one.
func (connector) Pull(ctx context.Context, in *sdk.Pull, emit func(sdk.Batch) error) error {
	http, err := sdk.Memo(ctx, in.Connection, client)
	if err != nil {
		return err
	}
	limit := in.Limit
	if limit == 0 || mode == "pull.limit" {
		limit = 500
	}
	after, batch, err := page(ctx, http, position(in), limit)
	if err != nil {
		return err
	}
	keepPlace(in, after)
	if mode == "pull.resume" {
		batch.Cursor = []byte("somewhere")
	}
	if mode == "pull.nothing" && len(batch.Records) == 0 {
		batch.CaughtUp = false
	}
	if mode == "pull.all" {
		for i := range batch.Records {
			batch.Records[i].Key = "one"
		}
	}
	return emit(batch)
}

// places are what a connector must not keep.
var places struct {
	sync.Mutex
	of      map[string]string
	spoiled map[string]bool
}

func position(in *sdk.Pull) string {
	places.Lock()
	defer places.Unlock()
	switch {
	case mode == "pull.preview" && places.spoiled[in.Connection.ID] && !in.Preview:
		return "1"
	case len(in.Cursor) == 0:
		return "0"
	case mode == "pull.resume":
		if at, ok := places.of[in.Connection.ID]; ok {
			return at
		}
		return "0"
	}
	return string(in.Cursor)
}

func keepPlace(in *sdk.Pull, at string) {
	places.Lock()
	defer places.Unlock()
	if places.of == nil {
		places.of, places.spoiled = map[string]string{}, map[string]bool{}
	}
	places.of[in.Connection.ID] = at
	if in.Preview {
		places.spoiled[in.Connection.ID] = true
	}
}

func page(ctx context.Context, c *httpclient.Client, after string, limit int) (string, sdk.Batch, error) {
	answer, err := c.Do(ctx, httpclient.Request{Path: "/v1/documents", Query: url.Values{"after": {after}, "limit": {strconv.Itoa(limit)}}})
	if err != nil {
		return "", sdk.Batch{}, err
	}
	if err := answer.Failure(); err != nil {
		return "", sdk.Batch{}, err
	}
	var list struct {
		Documents []json.RawMessage `json:"documents"`
		Remaining int64             `json:"remaining"`
	}
	if err := answer.JSON(&list); err != nil {
		return "", sdk.Batch{}, err
	}
	batch := sdk.Batch{CaughtUp: list.Remaining == 0}
	for _, raw := range list.Documents {
		var d struct {
			Reference string `json:"reference"`
			Number    int64  `json:"number"`
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			return "", sdk.Batch{}, errors.Join(errEnd, err)
		}
		after = strconv.FormatInt(d.Number, 10)
		batch.Records = append(batch.Records, sdk.Record{Key: d.Reference, Document: schemas.Restore("", schemas.DigestOf(raw), raw)})
	}
	batch.Cursor = []byte(after)
	return after, batch, nil
}
