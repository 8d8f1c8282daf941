package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"

	"github.com/boombuler/barcode/qr"

	"github.com/afara-dev/afara/engine/domain"
)

var errNotSigned = &domain.Error{Kind: domain.KindConflict, Code: "not_signed_yet",
	Detail: "The QR exists once the invoice is signed: wait for the callback invoice.signed, or read the invoice again later."}

// The sides of a QR image, in pixels.
const (
	defaultQRSize = 300
	minQRSize     = 64
	maxQRSize     = 2048
	// quietModules is the white margin that readers need (ISO/IEC 18004).
	quietModules = 4
)

// getQR draws what the authority's payload says. It never changes once there,
// so the caller may keep it; only the caller, because the IRN is in it.
func (a *api) getQR(w http.ResponseWriter, r *http.Request) error {
	id, err := invoiceID(r)
	if err != nil {
		return err
	}
	q := newQuery(r)
	size := q.between("size", defaultQRSize, minQRSize, maxQRSize)
	if err := queryError(q.faults); err != nil {
		return err
	}
	row, err := a.cfg.Invoices.Row(r.Context(), principal(r).Environment.ID, id)
	if err != nil {
		return err
	}
	if row.SignedAt.IsZero() || row.QR == "" {
		return errNotSigned
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", size, row.QR))
	if unchanged(w, r, hex.EncodeToString(sum[:16]), "private, max-age=86400, immutable") {
		return nil
	}
	raw, err := drawQR(row.QR, size)
	if err != nil {
		return fmt.Errorf("draw QR of %s: %w", id, err)
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(raw) // the caller may be gone
	return nil
}

// drawQR renders payload in byte mode at level M. Modules are whole pixels, so
// that the picture stays sharp; what is left of size widens the margin. A code
// with more modules than size has pixels is drawn larger than asked.
func drawQR(payload string, size int) ([]byte, error) {
	code, err := qr.Encode(payload, qr.M, qr.Unicode) // Unicode is its name for byte mode
	if err != nil {
		return nil, err
	}
	modules := code.Bounds().Dx()
	scale := max(size/(modules+2*quietModules), 1)
	size = max(size, modules+2*quietModules)
	margin := (size - modules*scale) / 2
	picture := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{color.White, color.Black})
	for y := range modules * scale {
		for x := range modules * scale {
			if c, _, _, _ := code.At(x/scale, y/scale).RGBA(); c == 0 {
				picture.SetColorIndex(margin+x, margin+y, 1)
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
