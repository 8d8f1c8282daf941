package simulator

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/afara-dev/afara/plugins/simnet"
)

// page is where a payer pays. Orange has the payer fetch a one-time code by
// phone. Choice: the SIM's PIN is the code.
var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Pay with Orange Money (sandbox)</title>
</head>
<body>
<h1>Pay with Orange Money</h1>
<p>This is the sandbox: no money moves.</p>
<p><strong>{{.Amount}} {{.Currency}}</strong> for {{.Text}}</p>
{{if .Note}}<p role="status">{{.Note}}</p>{{end}}
{{if .Waits}}<form method="post">
{{if .Asks}}<p><label>Number <input name="number" inputmode="tel" required pattern="\+[1-9][0-9]{6,14}" placeholder="+2250701234567"></label></p>{{end}}
<p><label>Code (the SIM's PIN) <input name="code" inputmode="numeric" autocomplete="off" pattern="[0-9]{4,6}"></label></p>
<p><button name="answer" value="approve">Pay</button> <button name="answer" value="refuse" formnovalidate>Cancel</button></p>
</form>{{end}}
</body>
</html>
`))

// view is what the page shows.
type view struct {
	Amount         int64
	Currency, Text string
	Note           string
	Waits, Asks    bool
}

// write shows the page of a payment; nothing in it comes from elsewhere.
func (s *Simulator) write(w http.ResponseWriter, t ticket, status int, note string) {
	now := s.webBody(t).Status
	v := view{Amount: t.amount, Currency: francs, Text: t.text, Note: note, Waits: now == wordInitiated, Asks: !t.began}
	if !v.Waits && note == "" {
		v.Note = "This payment does not wait any more: " + now + "."
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_ = page.Execute(w, v) // the client is gone, nobody to tell
}

// pageOf finds the web payment of a page, or answers that there is none.
func (s *Simulator) pageOf(w http.ResponseWriter, r *http.Request) (ticket, bool) {
	t, found := s.ticket(r.PathValue("token"))
	if !found || t.byCore {
		http.Error(w, "There is no payment here.", http.StatusNotFound)
		return t, false
	}
	return t, true
}

func (s *Simulator) showPage(w http.ResponseWriter, r *http.Request) {
	if t, found := s.pageOf(w, r); found {
		s.write(w, t, http.StatusOK, "")
	}
}

// answerPage is the payer, who pays or leaves. The browser goes back to the
// merchant either way.
func (s *Simulator) answerPage(w http.ResponseWriter, r *http.Request) {
	t, found := s.pageOf(w, r)
	if !found {
		return
	}
	if u, err := url.Parse(r.Header.Get("Origin")); err != nil || u.Host != "" && u.Host != r.Host {
		http.Error(w, "Pages of another site may not pay.", http.StatusForbidden)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if r.ParseForm() != nil {
		s.write(w, t, http.StatusBadRequest, "The form cannot be read.")
		return
	}
	if r.PostForm.Get("answer") != simnet.Approve {
		s.leave(w, r, t)
		return
	}
	if !t.began {
		if no := s.ring(t.payToken, strings.TrimSpace(r.PostForm.Get("number")), ""); no != nil {
			s.write(w, t, http.StatusBadRequest, no.Description)
			return
		}
	}
	// A SIM that is blocked or short of money has no prompt: its payment ends by
	// itself.
	_, _ = s.net.Answer(Operator, t.reference, simnet.Approve, r.PostForm.Get("code"))
	http.Redirect(w, r, t.returnURL, http.StatusSeeOther)
}

func (s *Simulator) leave(w http.ResponseWriter, r *http.Request, t ticket) {
	if !s.cancel(t.payToken) {
		if _, err := s.net.Answer(Operator, t.reference, simnet.Refuse, ""); err != nil {
			s.write(w, t, http.StatusConflict, "")
			return
		}
	}
	http.Redirect(w, r, t.cancelURL, http.StatusSeeOther)
}
