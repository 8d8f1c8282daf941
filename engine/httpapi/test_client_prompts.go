package httpapi

import (
	"net/http"
	"slices"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/schemas"
)

var errNoPrompt = &domain.Error{Kind: domain.KindNotFound, Code: "prompt_not_found",
	Detail: "No such prompt waits on this SIM: it may be answered or expired. GET /si/test-clients/{msisdn}/prompts lists those that wait."}

// promptView is a question on the SIM's telephone.
type promptView struct {
	ID        string  `json:"id"`
	Amount    int64   `json:"amount"`
	Currency  string  `json:"currency"`
	Text      *string `json:"text"`
	ExpiresAt string  `json:"expiresAt"`
}

// simPrompt is one in the words of the connectors' operations.
type simPrompt struct {
	OperatorReference string    `json:"operatorReference"`
	Amount            int64     `json:"amount"`
	Currency          string    `json:"currency"`
	Text              string    `json:"text"`
	ExpiresAt         time.Time `json:"expiresAt"`
}

// maxPrompts is how many a stand-in lists at most.
const maxPrompts = 1000

// prompts finds those that wait on the SIM that the path names, the oldest first.
func (a *api) prompts(r *http.Request) (simOperator, []simPrompt, error) {
	o, found, err := a.testClient(r)
	if err != nil {
		return o, nil, err
	}
	var list struct {
		Prompts []simPrompt `json:"prompts"`
	}
	err = o.ask(r.Context(), "list_prompts", map[string]any{"msisdn": found.MSISDN, "limit": maxPrompts}, &list)
	return o, list.Prompts, err
}

func (a *api) listPrompts(w http.ResponseWriter, r *http.Request) error {
	_, list, err := a.prompts(r)
	if err != nil {
		return err
	}
	out := page[promptView]{Data: []promptView{}}
	for _, p := range list {
		out.Data = append(out.Data, promptView{p.OperatorReference, p.Amount, p.Currency, text(p.Text), wire(p.ExpiresAt)})
	}
	return answer(w, http.StatusOK, out)
}

// answerPrompt does what the SIM's owner would do.
func (a *api) answerPrompt(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Answer string `json:"answer"`
		PIN    string `json:"pin"`
	}
	if _, err := a.decode(r, bodyPrompt, &in); err != nil {
		return err
	}
	o, list, err := a.prompts(r)
	if err != nil {
		return err
	}
	id := pathText(r, "id")
	if !slices.ContainsFunc(list, func(p simPrompt) bool { return p.OperatorReference == id }) {
		return errNoPrompt
	}
	said := map[string]string{"operatorReference": id, "answer": in.Answer}
	if in.PIN != "" {
		said["pin"] = in.PIN
	}
	var ended struct {
		Status schemas.PaymentStatus `json:"status"`
	}
	if err := o.ask(r.Context(), "answer_prompt", said, &ended); err != nil {
		return err
	}
	return answer(w, http.StatusOK, struct {
		ID     string                `json:"id"`
		Status schemas.PaymentStatus `json:"status"`
	}{id, ended.Status})
}
