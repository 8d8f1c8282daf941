package httpapi_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"

	"github.com/afara-dev/afara/engine/httpapi"
)

func TestTheQRIsDrawnOnceSigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.submitted("QR-1")
	path := "/si/invoices/" + s.ID + "/qr.png"
	w.refused(http.StatusConflict, "not_signed_yet", w.ours.read, "GET", path, "")
	w.walk(s.MessageID)
	r := w.want(http.StatusOK, nil, w.ours.read, "GET", path+"?size=400", "")
	if got := side(t, r.body); got != 400 || r.header.Get("Cache-Control") != "private, max-age=86400, immutable" {
		t.Errorf("side %d, %v", got, r.header)
	}
	tag := r.header.Get("ETag")
	w.want(http.StatusNotModified, nil, w.ours.read, "GET", path+"?size=400", "", "If-None-Match", `"other", W/`+tag)
	other := w.want(http.StatusOK, nil, w.ours.read, "GET", path, "", "If-None-Match", tag)
	if side(t, other.body) != 300 {
		t.Error("the default side is not 300")
	}
	for _, size := range []string{"63", "2049", "big", "-1"} {
		w.refused(http.StatusUnprocessableEntity, "invalid_query", w.ours.read, "GET", path+"?size="+size, "")
	}
}

func side(t *testing.T, raw []byte) int {
	t.Helper()
	cfg, err := png.DecodeConfig(bytes.NewReader(raw))
	must(t, err)
	if cfg.Width != cfg.Height {
		t.Errorf("%d by %d", cfg.Width, cfg.Height)
	}
	return cfg.Width
}

// TestModulesAreWholePixelsWithinAQuietZone reads the picture back module by
// module and compares it with the code that it shall be.
func TestModulesAreWholePixelsWithinAQuietZone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		payload string
		size    int
	}{{"QR", 64}, {strings.Repeat("aGVsbG8gd29ybGQ+", 22), 300}, {strings.Repeat("x", 2000), 64}} {
		raw, err := httpapi.DrawQR(c.payload, c.size)
		must(t, err)
		picture, err := png.Decode(bytes.NewReader(raw))
		must(t, err)
		want, err := qr.Encode(c.payload, qr.M, qr.Unicode)
		must(t, err)
		dark := darkBounds(picture)
		modules := want.Bounds().Dx()
		scale := dark.Dx() / modules
		if scale < 1 || dark.Dx() != modules*scale || dark.Dy() != modules*scale || dark.Min.X < 4*scale || dark.Min.Y < 4*scale {
			t.Fatalf("%d bytes: %d modules drawn in %v of %v", len(c.payload), modules, dark, picture.Bounds())
		}
		for y := range modules * scale {
			for x := range modules * scale {
				if isDark(picture, dark.Min.X+x, dark.Min.Y+y) != isDark(want, x/scale, y/scale) {
					t.Fatalf("%d bytes: pixel %d,%d differs", len(c.payload), x, y)
				}
			}
		}
	}
	if _, err := httpapi.DrawQR(strings.Repeat("x", 5000), 300); err == nil {
		t.Error("more was drawn than a QR can hold")
	}
}

func isDark(p image.Image, x, y int) bool {
	r, _, _, _ := p.At(x, y).RGBA()
	return r == 0
}

// darkBounds is the rectangle that holds every dark pixel.
func darkBounds(p image.Image) (out image.Rectangle) {
	for y := range p.Bounds().Dy() {
		for x := range p.Bounds().Dx() {
			if isDark(p, x, y) {
				out = out.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return out
}
