package mbs

import (
	"reflect"
	"strings"
	"sync"

	"github.com/afara-dev/afara/schemas"
	"github.com/afara-dev/afara/sdk"
)

// Codes of a FieldError made of the authority's texts.
const (
	codeField = "refused_by_authority"
	// codeIRN marks a fault of the irn, which is no field of the document.
	codeIRN = "irn_refused"
)

const fixField = "Correct the field as the authority says and send the invoice again."

// prefixes stand before every field of the authority's texts.
func prefixes() []string { return []string{"invoicerequest.invoice.", "invoicerequest.", "invoice."} }

// faults lists the fields that a failure names, as pointers into the
// submitted document.
func faults(f *Failure) []sdk.FieldError {
	var list []sdk.FieldError
	for _, e := range f.Errors {
		if e.Field != "" {
			list = append(list, fault(string(e.Field), string(e.Field)+" "+string(e.Message)))
		}
	}
	path, _, _ := strings.Cut(string(f.Details), " ")
	if named(path) {
		list = append(list, fault(path, string(f.Details)))
	}
	return list
}

// named reports whether a text's first word is a path of the request.
func named(path string) bool {
	for _, p := range prefixes() {
		if len(path) > len(p) && strings.HasPrefix(strings.ToLower(path), p) {
			return true
		}
	}
	return false
}

func fault(path, detail string) sdk.FieldError {
	pointer, found := Pointer(path)
	code := codeField
	if !found && strings.HasSuffix(strings.ToLower(path), "irn") {
		code = codeIRN
	}
	return sdk.FieldError{Pointer: pointer, Code: code, Detail: detail, Fix: fixField}
}

// Pointer translates the authority's name of a field, e.g.
// invoicerequest.invoice.taxtotal[0].taxsubtotal[0].taxcategory.id, to a JSON
// pointer into the submitted document: /tax_total/0/tax_subtotal/0/tax_category/id.
// Of a path that the document does not have it answers the part that it has,
// and false.
func Pointer(path string) (string, bool) {
	path = strings.ToLower(path)
	for _, p := range prefixes() {
		if rest, cut := strings.CutPrefix(path, p); cut {
			path = rest
			break
		}
	}
	var out strings.Builder
	at := invoiceTree()
	for step := range strings.SplitSeq(path, ".") {
		name, index, _ := strings.Cut(step, "[")
		next, known := at.fields[strings.ReplaceAll(name, "_", "")]
		if !known {
			return out.String(), false
		}
		out.WriteString("/" + next.name)
		if n, number := strings.CutSuffix(index, "]"); number && next.list && digits(n) {
			out.WriteString("/" + n)
		}
		at = next
	}
	return out.String(), true
}

// node is a field of the document with the fields below it, by the
// authority's spelling.
type node struct {
	name   string
	list   bool
	fields map[string]*node
}

// invoiceTree is made of the document's own type, once.
var invoiceTree = sync.OnceValue(func() *node {
	return &node{fields: fieldsOf(reflect.TypeFor[schemas.Invoice]())}
})

func fieldsOf(t reflect.Type) map[string]*node {
	list := make(map[string]*node, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		list[strings.ReplaceAll(name, "_", "")] = nodeOf(name, t.Field(i).Type)
	}
	return list
}

func nodeOf(name string, t reflect.Type) *node {
	n := &node{name: name}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		n.list = n.list || t.Kind() == reflect.Slice
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		n.fields = fieldsOf(t)
	}
	return n
}

func digits(s string) bool {
	return s != "" && len(s) < 10 && strings.Trim(s, "0123456789") == ""
}
