package airtel

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// Sandbox asks the stand-in, which has more to tell than Airtel: SIMs, prompts,
// accounts. At Airtel's own address nobody answers. in may be nil, into too.
func (c *Client) Sandbox(ctx context.Context, method, path string, query url.Values, in, into any) error {
	r := httpclient.Request{Method: method, Path: "/_control" + path, Query: query}
	if in != nil {
		var err error
		if r, err = httpclient.JSON(method, "/_control"+path, in); err != nil {
			return err
		}
	}
	r.Effect = httpclient.Never
	res, err := c.patient(ctx, r)
	if err != nil {
		return err
	}
	if res.Status/100 == 2 {
		if into == nil {
			return nil
		}
		return res.JSON(into)
	}
	return c.sandboxFailure(res)
}

func (c *Client) sandboxFailure(res *httpclient.Response) error {
	var said struct {
		Error string `json:"error"`
	}
	_ = json.Unmarshal(res.Body, &said) // then it is not the stand-in's
	switch {
	case res.Status == http.StatusTooManyRequests || res.Status == http.StatusUnauthorized || res.Status >= 500:
		return c.failure(Classify(res.Status, res.Body, false), res, "")
	case said.Error == "":
		return sdk.Unsupportedf("no_simulator", "the base URL is not the stand-in's, which alone has SIMs to look at")
	case res.Status == http.StatusNotFound:
		return c.failure(Verdict{Class: sdk.Rejected, Code: "not_found", Message: "the stand-in says: " + said.Error}, res, "")
	}
	return c.failure(Verdict{Class: sdk.Invalid, Code: "refused_by_simulator", Message: "the stand-in says: " + said.Error}, res, "")
}
