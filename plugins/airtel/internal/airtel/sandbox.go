package airtel

import (
	"github.com/afara-dev/afara/plugins/simnet/simclient"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// Sandbox asks the stand-in, which has more to tell than Airtel: SIMs, prompts,
// accounts.
func (c *Client) Sandbox() simclient.Client {
	return simclient.Client{Send: c.patient, Refused: func(res *httpclient.Response) error {
		return c.failure(Classify(res.Status, res.Body, false), res, "")
	}}
}
