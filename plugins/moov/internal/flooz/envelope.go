package flooz

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"strconv"
	"strings"
)

// The namespaces. Moov sends SOAP 1.1 under the content type of SOAP 1.2, so
// answers in either are read.
const (
	namespace = "http://api.merchant.tlc.com/"
	soap11    = "http://schemas.xmlsoap.org/soap/envelope/"
	soap12    = "http://www.w3.org/2003/05/soap-envelope"
)

// field is a parameter of a call: a text, or fields inside.
type field struct {
	name  string
	text  string
	inner []field
}

// envelope writes a call.
func envelope(operation string, fields ...field) []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header + `<soapenv:Envelope xmlns:soapenv="` + soap11 + `" xmlns:api="` + namespace + `"><soapenv:Body><api:` + operation + `>`)
	write(&b, fields)
	b.WriteString(`</api:` + operation + `></soapenv:Body></soapenv:Envelope>`)
	return b.Bytes()
}

func write(b *bytes.Buffer, fields []field) {
	for _, f := range fields {
		b.WriteString("<" + f.name + ">")
		_ = xml.EscapeText(b, []byte(f.text)) // a buffer takes everything
		write(b, f.inner)
		b.WriteString("</" + f.name + ">")
	}
}

var errNoAnswer = errors.New("the answer is no SOAP envelope that answers the call")

// ParseEnvelope reads the answer to an operation, or a fault.
func ParseEnvelope(operation string, raw []byte) (Answer, error) {
	root, err := parseTree(raw)
	if err != nil {
		return Answer{}, err
	}
	if root.name.Local != "Envelope" || root.name.Space != soap11 && root.name.Space != soap12 {
		return Answer{}, errNoAnswer
	}
	body := root.child("Body")
	if f := body.child("Fault"); f != nil {
		return Answer{Fault: true, Code: f.child("faultcode", "Code").content(), Text: f.child("faultstring", "Reason").content()}, nil
	}
	// The name differs from call to call; it is one of these three.
	said := body.child(operation+"Response").child("return", "result", "response")
	if said == nil {
		return Answer{}, errNoAnswer
	}
	return said.answer()
}

// answer reads the members of a result: the first of each name, without regard
// to small and capital letters.
func (e *element) answer() (Answer, error) {
	members := map[string]string{}
	raw := map[string]any{}
	for _, inner := range e.inner {
		name, value := strings.ToLower(inner.name.Local), inner.content()
		if _, twice := members[name]; twice || len(inner.inner) > 0 {
			continue
		}
		members[name] = value
		raw[inner.name.Local] = typed(name, value)
	}
	a := Answer{Code: word(members["status"]), Text: members["description"], ID: bounded(members["transid"])}
	if a.Code == "" {
		return Answer{}, errNoAnswer
	}
	if a.Text == "" {
		a.Text = members["message"]
	}
	if a.ID == "" {
		a.ID = bounded(members["transactionid"])
	}
	delete(raw, "status")
	raw[memberCode] = members["status"]
	if a.ID != "" {
		raw[memberID] = a.ID
	}
	written, err := json.Marshal(raw)
	if err != nil { // texts, numbers and booleans only
		return Answer{}, err
	}
	a.Raw = kept(written)
	return a, nil
}

// typed gives the stand-in's own members the types that they have in JSON; all
// of Moov's are texts.
func typed(name, value string) any {
	switch name {
	case "_simulated":
		return value == "true"
	case "_latencyms":
		if millis, err := strconv.ParseInt(value, 10, 32); err == nil {
			return millis
		}
	}
	return value
}
