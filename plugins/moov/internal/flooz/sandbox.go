package flooz

import (
	"github.com/afara-dev/afara/plugins/simnet/simclient"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// Sandbox asks the stand-in, which has more to tell than Moov: SIMs, prompts,
// accounts.
func (c *Client) Sandbox() simclient.Client {
	return simclient.Client{Send: c.patient, Refused: func(res *httpclient.Response) error {
		return c.failure(Classify(res.Status, Answer{}, false, false), Answer{}, res)
	}}
}
