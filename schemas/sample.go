package schemas

import (
	"bytes"
	"embed"
	"strconv"
)

//go:embed testdata/v1/valid/invoice/sample.json
var sampleInvoice []byte

//go:embed testdata/v1/valid/events
var sampleEvents embed.FS

const sampleEventsDir = "testdata/v1/valid/events/"

// SampleInvoice is a valid invoice that shows what one looks like. A copy: the
// caller may change it.
func SampleInvoice() []byte { return bytes.Clone(sampleInvoice) }

// Sample is the sample invoice under a number of the caller's and issued on
// issueDate (YYYY-MM-DD); it is due on the same day.
func Sample(number, issueDate string) []byte {
	out := bytes.ReplaceAll(sampleInvoice, []byte(`"SAMPLE-0001"`), []byte(strconv.Quote(number)))
	for _, date := range []string{`"2025-08-05"`, `"2025-09-04"`} {
		out = bytes.ReplaceAll(out, []byte(date), []byte(strconv.Quote(issueDate)))
	}
	return out
}
