package simclient

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// control is where a stand-in serves the control API of its network.
const control = "/_control"

// Client asks the network over the connector's own way to its operator, whose
// base URL is the stand-in's in a sandbox: time-outs, limits and masks are the
// connector's. Its errors are *sdk.Error.
type Client struct {
	// Send sends a request and bounds it like any question to the operator.
	Send func(context.Context, httpclient.Request) (*httpclient.Response, error)
	// Refused is the error, in the connector's words, of an answer that says
	// nothing of SIMs: 401, 429 or 5xx, which whoever is there may give.
	Refused func(*httpclient.Response) error
}

// ask sends a request to the stand-in. At the operator's own address nobody
// answers. in may be nil, into too.
func (c Client) ask(ctx context.Context, method, path string, query url.Values, in, into any) error {
	r := httpclient.Request{Method: method, Path: control + path, Query: query}
	if in != nil {
		var err error
		if r, err = httpclient.JSON(method, control+path, in); err != nil {
			return err
		}
	}
	r.Effect = httpclient.Never // no money moves by it
	res, err := c.Send(ctx, r)
	if err != nil {
		return err
	}
	if res.Status/100 == 2 {
		if into == nil {
			return nil
		}
		return res.JSON(into)
	}
	return c.failure(res)
}

func (c Client) failure(res *httpclient.Response) error {
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(res.Body, &said) // then it is not the stand-in's
	switch {
	case res.Status == http.StatusTooManyRequests || res.Status == http.StatusUnauthorized || res.Status >= 500:
		return c.Refused(res)
	case said.Error == "":
		return sdk.Unsupportedf("no_simulator", "the base URL is not the stand-in's, which alone has SIMs to look at")
	case res.Status == http.StatusNotFound:
		return res.Error(sdk.Rejected, "not_found", "the stand-in says: "+said.Error)
	}
	return res.Error(sdk.Invalid, "refused_by_simulator", "the stand-in says: "+said.Error)
}
