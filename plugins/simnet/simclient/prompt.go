package simclient

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// prompt is a question on a payer's phone.
type prompt struct {
	OperatorReference string    `json:"operatorReference"`
	MSISDN            string    `json:"msisdn"`
	Amount            int64     `json:"amount"`
	Currency          string    `json:"currency"`
	Text              string    `json:"text,omitempty"`
	ExpiresAt         time.Time `json:"expiresAt"`
}

type promptList struct {
	Prompts []prompt `json:"prompts"`
}

func (o Operator) listPrompts(ctx context.Context, call *sdk.Call, in choice) (promptList, error) {
	var found []struct {
		Reference, Number, Currency, Text string
		Amount                            int64
		ExpiresAt                         time.Time
	}
	in.After = "" // prompts go by age
	if err := o.ask(ctx, call, http.MethodGet, "/prompts", in.query(o.Name), nil, &found); err != nil {
		return promptList{}, err
	}
	list := promptList{Prompts: []prompt{}}
	for _, t := range found {
		list.Prompts = append(list.Prompts, prompt{t.Reference, t.Number, t.Amount, t.Currency, t.Text, t.ExpiresAt})
	}
	return list, nil
}

// promptAnswer is what the owner of the phone does.
type promptAnswer struct {
	OperatorReference string `json:"operatorReference"`
	Answer            string `json:"answer"`
	PIN               string `json:"pin"`
}

// promptEnd is how it ended, as the operator will tell.
type promptEnd struct {
	Status schemas.PaymentStatus `json:"status"`
}

func (o Operator) answerPrompt(ctx context.Context, call *sdk.Call, in promptAnswer) (promptEnd, error) {
	var after struct{ Outcome schemas.PaymentStatus }
	err := o.ask(ctx, call, http.MethodPost, "/prompts/"+o.Name+"/"+url.PathEscape(in.OperatorReference), nil,
		map[string]string{"answer": in.Answer, "pin": in.PIN}, &after)
	return promptEnd{after.Outcome}, err
}
