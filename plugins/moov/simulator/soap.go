package simulator

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
)

const (
	namespace = "http://api.merchant.tlc.com/"
	envelope  = "http://schemas.xmlsoap.org/soap/envelope/"
)

// node is any element.
type node struct {
	XMLName xml.Name
	Text    string `xml:",chardata"`
	Nodes   []node `xml:",any"`
}

func (n node) child(name string) (node, bool) {
	for _, inner := range n.Nodes {
		if inner.XMLName.Local == name {
			return inner, true
		}
	}
	return node{}, false
}

var errEnvelope = errors.New("the body is no envelope of SOAP 1.1 with one call")

// readCall finds the operation in an envelope and its parameters, by name in
// small letters. Parameters may stand in an element request or beside it.
func readCall(body io.Reader) (name string, fields map[string]string, err error) {
	var root node
	if err := xml.NewDecoder(io.LimitReader(body, maxBody)).Decode(&root); err != nil || root.XMLName != (xml.Name{Space: envelope, Local: "Envelope"}) {
		return "", nil, errEnvelope
	}
	inside, _ := root.child("Body")
	if len(inside.Nodes) != 1 || inside.Nodes[0].XMLName.Space != namespace {
		return "", nil, errEnvelope
	}
	call := inside.Nodes[0]
	fields = map[string]string{}
	parts := call.Nodes
	if wrapped, found := call.child("request"); found {
		parts = append(parts, wrapped.Nodes...)
	}
	for _, part := range parts {
		fields[strings.ToLower(part.XMLName.Local)] = strings.TrimSpace(part.Text)
	}
	return call.XMLName.Local, fields, nil
}

// soap serves all calls: Moov takes them at one path.
func (s *Simulator) soap(w http.ResponseWriter, r *http.Request) {
	name, fields, err := readCall(r.Body)
	op, known := s.operations()[name]
	switch {
	case err != nil:
		fault(w, http.StatusBadRequest, "soap:Client", err.Error())
		return
	case !known:
		fault(w, http.StatusBadRequest, "soap:Client", "there is no operation "+name)
		return
	}
	s.faulty(name, fields[op.reference], w, r, brokenSOAP, func(w http.ResponseWriter, r *http.Request) {
		writeAnswer(w, name, s.answer(op, &request{Request: r, fields: fields}))
	})
}

// answer lets a call through the gate and does it.
func (s *Simulator) answer(op operation, rq *request) answer {
	merchant, known := s.opens(rq.fields["token"])
	if !known {
		return plain(codeKeys, "Bad credentials")
	}
	rq.merchant = merchant
	for _, name := range op.needs {
		if rq.fields[name] == "" {
			return plain(codeParameters, "Missing parameter: "+name)
		}
	}
	return op.do(rq)
}

// elementOf is what a result is called. Choice: which of the three names goes
// with which call is not known.
func elementOf(name string) string {
	switch name {
	case "Push", "PushWithPending":
		return "result"
	case "getTransactionStatus", "getMobileAccountStatus":
		return "response"
	}
	return "return"
}

// writeAnswer writes a result. The members with an underscore are the
// simulator's own.
func writeAnswer(w http.ResponseWriter, name string, a answer) {
	var b bytes.Buffer
	b.WriteString(`<ns2:` + name + `Response xmlns:ns2="` + namespace + `"><` + elementOf(name) + `>`)
	for _, m := range a.members() {
		b.WriteString("<" + m.name + ">")
		_ = xml.EscapeText(&b, []byte(m.text)) // a buffer takes everything
		b.WriteString("</" + m.name + ">")
	}
	b.WriteString(`</` + elementOf(name) + `></ns2:` + name + `Response>`)
	writeEnvelope(w, http.StatusOK, b.String())
}

func fault(w http.ResponseWriter, status int, code, text string) {
	var b bytes.Buffer
	b.WriteString("<soap:Fault><faultcode>" + code + "</faultcode><faultstring>")
	_ = xml.EscapeText(&b, []byte(text)) // a buffer takes everything
	b.WriteString("</faultstring></soap:Fault>")
	writeEnvelope(w, status, b.String())
}

// brokenSOAP answers for an injected fault.
func brokenSOAP(w http.ResponseWriter, status int) {
	fault(w, status, "soap:Server", http.StatusText(status))
}

func writeEnvelope(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/soap+xml; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header+`<soap:Envelope xmlns:soap="`+envelope+`"><soap:Body>`+body+`</soap:Body></soap:Envelope>`) // the client is gone, nobody to tell
}
