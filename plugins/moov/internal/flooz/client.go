package flooz

import (
	"context"
	"net/http"
	"time"

	"github.com/afara-dev/afara/sdk"
	"github.com/afara-dev/afara/sdk/httpclient"
)

// Config describes the way to Moov.
type Config struct {
	BaseURL string
	// SOAP or REST, one of them.
	SOAP *SOAP
	REST *REST
	// Timeout bounds a request that moves money, ReadTimeout any other.
	Timeout, ReadTimeout time.Duration
	// Connections bounds the open connections.
	Connections int
	Now         func() time.Time
}

// Order is money to move.
type Order struct {
	Reference string // the engine's, which Moov keeps and does not guard
	Number    string // of the payer or payee, E.164
	Amount    int64  // whole units
	Currency  string
	Message   string // for the payer's screen
	Note      string // the merchant's reference
	// Scenario is left out when empty. It is for the stand-in only.
	Scenario string
}

// call is a request and what its answer answers.
type call struct {
	operation string
	request   httpclient.Request
}

// form is one of Moov's two.
type form interface {
	payment(operation string, o Order) (call, error)
	// status asks about a transaction; false where there is no such call.
	status(id string) (call, bool)
	// probe asks something that changes nothing and needs the keys.
	probe() call
	// read is the answer to a call, or why it is none.
	read(c call, body []byte) (Answer, error)
}

// Client calls Moov. It is safe for concurrent use. Its errors are *sdk.Error.
// Nothing that moves money is sent twice.
type Client struct {
	http        *httpclient.Client
	config      Config
	form        form
	confidences []string // what no answer may quote
}

// New makes a Client; the error is of class Misconfigured.
func New(c Config) (*Client, error) {
	m := &Client{config: c}
	var header http.Header
	var err error
	if c.REST != nil {
		m.form, header, m.confidences = c.REST, c.REST.header(), c.REST.confidences()
	} else if header, m.confidences, err = c.SOAP.open(); err == nil {
		m.form = c.SOAP
	}
	if err != nil {
		return nil, sdk.Misconfiguredf("settings_invalid", "encryptionKey: %w", err)
	}
	m.http, err = httpclient.New(httpclient.Options{
		BaseURL: c.BaseURL, Timeout: c.Timeout, MaxConnections: c.Connections, Secrets: m.confidences, Now: c.Now,
		Header: header, MaxResponse: maxAnswer,
	})
	return m, err
}

// maxAnswer is the longest answer that is read; Moov's have a few hundred bytes.
const maxAnswer = 1 << 20

// headerScenario is not Moov's: the stand-in alone reads it.
const headerScenario = "X-Sandbox-Scenario"

// Pay has Moov take an order. The answer's ID may be told beside an error: with
// it a later look-up finds out what became of the order.
func (c *Client) Pay(ctx context.Context, operation string, o Order) (Answer, error) {
	call, err := c.form.payment(operation, o)
	if err != nil {
		return Answer{}, err
	}
	call.request.Effect = httpclient.Always
	if o.Scenario != "" {
		call.request.Header = http.Header{headerScenario: {o.Scenario}}
	}
	res, err := c.http.Do(ctx, call.request)
	if err != nil {
		return Answer{}, err
	}
	a, v := c.judge(call, res, true)
	if v.Class == "" {
		v = c.undecided(a)
	}
	if v.Class != "" {
		return a, c.failure(v, a, res)
	}
	return a, nil
}

// undecided is the doubt that an answer to an order leaves. Moov's own fault, and
// its word that the reference is used, are a payment's end only where the
// transaction is named and nothing more can be asked about it.
func (c *Client) undecided(a Answer) Verdict {
	last := a.ID != "" && !c.CanAsk()
	switch {
	case last:
	case internal(a.Code):
		return doubt(true, "operator_unavailable", "Moov had a fault of its own")
	case a.duplicate():
		return doubt(true, "reference_used", "Moov knows this reference already")
	}
	return Verdict{}
}

// CanAsk reports whether a transaction can be asked about.
func (c *Client) CanAsk() bool {
	_, asks := c.form.status("")
	return asks
}

// Find reads what Moov knows of a transaction by Moov's own id; false when it
// knows nothing. Ask CanAsk first.
func (c *Client) Find(ctx context.Context, id string) (Answer, bool, error) {
	call, _ := c.form.status(id)
	a, res, err := c.ask(ctx, call)
	switch {
	case err != nil:
		return Answer{}, false, err
	case a.Code == codeMissing:
		return Answer{}, false, nil
	case internal(a.Code) && a.ID == "":
		return Answer{}, false, c.failure(doubt(false, "operator_unavailable", "Moov had a fault of its own"), a, res)
	case a.ID != "" && a.ID != id:
		return Answer{}, false, c.failure(doubt(false, "other_transaction", "Moov answers about another transaction"), a, res)
	}
	return a, true, nil
}

// Probe proves the credentials with a question that changes nothing.
func (c *Client) Probe(ctx context.Context) error {
	call := c.form.probe()
	a, res, err := c.ask(ctx, call)
	switch {
	case err != nil:
		return err
	case internal(a.Code):
		return c.failure(doubt(false, "operator_unavailable", "Moov had a fault of its own"), a, res)
	case a.Code != codeDone && a.Code != "": // REST's has no code
		return c.failure(Verdict{Class: sdk.Misconfigured, Code: "number_refused", Message: "Moov tells no balance of merchantNumber; check that it is the merchant's own"}, a, res)
	}
	return nil
}

// ask sends a question and bounds it.
func (c *Client) ask(ctx context.Context, q call) (Answer, *httpclient.Response, error) {
	q.request.Effect = httpclient.Never
	res, err := c.patient(ctx, q.request)
	if err != nil {
		return Answer{}, nil, err
	}
	a, v := c.judge(q, res, false)
	if v.Class != "" {
		return Answer{}, nil, c.failure(v, a, res)
	}
	return a, res, nil
}

func (c *Client) patient(ctx context.Context, r httpclient.Request) (*httpclient.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.ReadTimeout)
	defer cancel()
	return c.http.Do(ctx, r)
}

// judge reads an answer and says what is wrong with it.
func (c *Client) judge(q call, res *httpclient.Response, effect bool) (Answer, Verdict) {
	a, err := c.form.read(q, res.Body)
	a.Raw = c.confide(a.Raw)
	return a, Classify(res.Status, a, err == nil, effect)
}

// confide masks in an answer what nobody else may read.
func (c *Client) confide(answer []byte) []byte {
	if len(answer) == 0 {
		return nil
	}
	return sdk.Redact(answer, c.confidences...)
}

func (c *Client) failure(v Verdict, a Answer, res *httpclient.Response) *sdk.Error {
	e := res.Error(v.Class, v.Code, v.Message)
	e.VendorText = string(c.confide([]byte(short(a.Text))))
	if a.Code != "" {
		e.VendorCode = string(c.confide([]byte(short(a.Code))))
	}
	return e
}
