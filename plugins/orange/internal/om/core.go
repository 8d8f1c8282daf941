package om

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// corePayment is what the core API wants of a payment. The amount is a text.
type corePayment struct {
	Number        string `json:"subscriberMsisdn"`
	ChannelNumber string `json:"channelUserMsisdn"`
	Amount        string `json:"amount"`
	Description   string `json:"description"`
	OrderID       string `json:"orderId"`
	PIN           string `json:"pin"`
	PayToken      string `json:"payToken"`
	NotifyURL     string `json:"notifUrl,omitempty"`
}

func (c *Client) corePath(parts ...string) string {
	path := "/" + strings.Trim(c.config.CorePath, "/") + "/mp"
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// PayToken asks for the token of a payment to come. It moves nothing.
func (c *Client) PayToken(ctx context.Context) (string, error) {
	res, token, err := c.ask(ctx, httpclient.Request{Method: http.MethodPost, Path: c.corePath("init")})
	if err != nil {
		return "", err
	}
	if v := Classify(res.Status, res.Body, false); v.Class != "" {
		return "", c.failure(v, res, token)
	}
	var body struct {
		Data struct {
			PayToken text `json:"payToken"`
		} `json:"data"`
	}
	if json.Unmarshal(res.Body, &body) != nil || body.Data.PayToken == "" || len(body.Data.PayToken) > maxToken {
		return "", c.failure(doubt(false, "answer_unreadable", "Orange's answer holds no payToken"), res, token)
	}
	return string(body.Data.PayToken), nil
}

// Pay has Orange ring the payer's phone. What Orange refuses in words of the
// table, such as a balance that is too low, is a status too.
func (c *Client) Pay(ctx context.Context, payToken string, o Order) (Status, error) {
	number, _ := National(o.Number) // the caller has looked
	r, err := httpclient.JSON(http.MethodPost, c.corePath("pay"), corePayment{
		Number: number, ChannelNumber: c.config.ChannelNumber, Amount: strconv.FormatInt(o.Amount, 10), Description: o.Text,
		OrderID: o.Reference, PIN: c.config.PIN, PayToken: payToken, NotifyURL: o.NotifyURL,
	})
	if err != nil {
		return Status{}, err
	}
	res, token, err := c.send(ctx, r, o)
	if err != nil {
		return Status{}, err
	}
	answer := c.confide(res.Body, token)
	v := Classify(res.Status, res.Body, true)
	if v.Class == sdk.Rejected {
		said := refusal(answer)
		if _, known := said.reason(c.config.Reasons, c.config.Hints); known {
			return said, nil
		}
	}
	said, unread := ParseStatus(Core, answer)
	switch {
	case v.Class != "":
		return Status{}, c.failure(v, res, token)
	case unread != nil:
		return Status{}, c.unreadable(res, token)
	}
	return said, nil
}
