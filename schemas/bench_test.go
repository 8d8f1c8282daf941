package schemas_test

import (
	"testing"

	"github.com/afara-dev/afara/schemas"
)

// BenchmarkProve proves the sample invoice, of about 3 KB: the largest share
// of accepting one.
func BenchmarkProve(b *testing.B) {
	body := schemas.SampleInvoice()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := schemas.Prove(schemas.InvoiceV1, body); err != nil {
			b.Fatal(err)
		}
	}
}
