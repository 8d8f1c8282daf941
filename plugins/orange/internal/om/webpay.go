package om

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/afara-dev/afara/sdk/httpclient"
)

// webpayment is what the web payment API wants of a payment. It has no number:
// the payer gives it to Orange's page.
type webpayment struct {
	MerchantKey string `json:"merchant_key"`
	Currency    string `json:"currency"`
	OrderID     string `json:"order_id"`
	Amount      int64  `json:"amount"`
	ReturnURL   string `json:"return_url"`
	CancelURL   string `json:"cancel_url"`
	NotifyURL   string `json:"notif_url,omitempty"`
	Language    string `json:"lang"`
	Reference   string `json:"reference"`
}

// Page is a page of Orange's where a payer pays.
type Page struct {
	PayToken    string
	NotifyToken string // what a notification about it must carry
	// Raw is the answer without NotifyToken. Its payment_url is where the payer
	// goes.
	Raw json.RawMessage
}

// Orange's own place for tests, and the currency there.
const (
	placeDev    = "dev"
	currencyDev = "OUV"
)

func (c *Client) webpayPath(call string) string {
	return "/orange-money-webpay/" + url.PathEscape(c.config.Place) + "/v1/" + call
}

// OpenPage has Orange open a page for an order.
func (c *Client) OpenPage(ctx context.Context, o Order) (Page, error) {
	currency := c.config.Currency
	if c.config.Place == placeDev {
		currency = currencyDev
	}
	r, err := httpclient.JSON(http.MethodPost, c.webpayPath("webpayment"), webpayment{
		MerchantKey: c.config.MerchantKey, Currency: currency, OrderID: o.Reference, Amount: o.Amount,
		ReturnURL: c.config.ReturnURL, CancelURL: c.config.CancelURL, NotifyURL: o.NotifyURL, Language: c.config.Language, Reference: o.Name,
	})
	if err != nil {
		return Page{}, err
	}
	res, token, err := c.send(ctx, r, o)
	if err != nil {
		return Page{}, err
	}
	if v := Classify(res.Status, res.Body, true); v.Class != "" {
		return Page{}, c.failure(v, res, token)
	}
	page, ok := parsePage(c.confide(res.Body, token))
	if !ok {
		return Page{}, c.unreadable(res, token)
	}
	return page, nil
}

const maxToken = 4 << 10 // of a pay token, which has to fit into a state

func parsePage(raw []byte) (Page, bool) {
	var body struct {
		PayToken    text `json:"pay_token"`
		NotifyToken text `json:"notif_token"`
		URL         text `json:"payment_url"`
	}
	if !object(raw) || json.Unmarshal(raw, &body) != nil {
		return Page{}, false
	}
	where, err := url.Parse(string(body.URL))
	web := err == nil && (where.Scheme == "https" || where.Scheme == "http") && where.Host != ""
	if body.PayToken == "" || len(body.PayToken) > maxToken || !web {
		return Page{}, false
	}
	return Page{string(body.PayToken), string(body.NotifyToken), kept(without(raw, "notif_token"))}, true
}

func (c *Client) pageStatus(q Question) (httpclient.Request, error) {
	return httpclient.JSON(http.MethodPost, c.webpayPath("transactionstatus"), struct {
		OrderID  string `json:"order_id"`
		Amount   int64  `json:"amount"`
		PayToken string `json:"pay_token"`
	}{q.Reference, q.Amount, q.PayToken})
}

// without takes members out of an object, which stays as it is when they are not
// there.
func without(raw []byte, names ...string) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil
	}
	for _, name := range names {
		delete(members, name)
	}
	return written(members)
}

// written is a tree that came from JSON, as JSON again.
func written(members map[string]json.RawMessage) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(members) != nil {
		return nil
	}
	return bytes.TrimSpace(out.Bytes())
}
