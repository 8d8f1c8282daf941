package simnet

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed phones
var phones embed.FS

// pageRoutes serve the page with a phone for each SIM: nothing in it comes from
// elsewhere, and nothing else may frame it.
func pageRoutes(mux *http.ServeMux) {
	files, err := fs.Sub(phones, "phones")
	if err != nil {
		panic(err) // the folder is part of this program
	}
	serve := http.FileServerFS(files)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		serve.ServeHTTP(w, r)
	})
}
