package conformance

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// The plays of the vendor's place.

// unheard is where an answer goes that the connector shall not get.
type unheard struct{ header http.Header }

func (u unheard) Header() http.Header         { return u.header }
func (u unheard) Write(p []byte) (int, error) { return len(p), nil }
func (u unheard) WriteHeader(int)             {}

// loses lets a change happen and cuts the connection instead of answering.
func loses(_ http.ResponseWriter, r *http.Request, changes bool, forward http.Handler) bool {
	if !changes {
		return false
	}
	forward.ServeHTTP(unheard{http.Header{}}, r)
	panic(http.ErrAbortHandler) // net/http's way to cut the connection
}

// keepsSilent lets a change happen and never answers it.
func keepsSilent(_ http.ResponseWriter, r *http.Request, changes bool, forward http.Handler) bool {
	if !changes {
		return false
	}
	forward.ServeHTTP(unheard{http.Header{}}, r)
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// answersChanges lets a change happen and answers it with a.
func answersChanges(a Answer) play {
	return func(w http.ResponseWriter, r *http.Request, changes bool, forward http.Handler) bool {
		if !changes {
			return false
		}
		forward.ServeHTTP(unheard{http.Header{}}, r)
		a.write(w)
		return true
	}
}

// answersAll answers everything with a and does nothing.
func answersAll(a Answer) play {
	return func(w http.ResponseWriter, _ *http.Request, _ bool, _ http.Handler) bool {
		a.write(w)
		return true
	}
}

// hangs answers nothing at all.
func hangs(_ http.ResponseWriter, r *http.Request, _ bool, _ http.Handler) bool {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// mirrors refuses everything and quotes the request, keys and all, as some
// vendors do.
func mirrors(status int) play {
	return func(w http.ResponseWriter, r *http.Request, _ bool, _ http.Handler) bool {
		body, _ := io.ReadAll(r.Body) // it is in memory
		quoted := []string{r.Method + " " + r.URL.String()}
		for name, values := range r.Header {
			quoted = append(quoted, name+": "+strings.Join(values, ", "))
		}
		text := strings.Join(quoted, "\n") + "\n\n" + string(body)
		Answer{Status: status, Body: map[string]any{
			"code": "refused", "message": "cannot take this request: " + text, "request": text, "headers": r.Header,
			"error": map[string]any{"details": text, "public_message": text},
		}}.write(w)
		return true
	}
}

// webPage is what a proxy or a captive portal says in the vendor's place.
func webPage() Answer {
	return Answer{Status: http.StatusOK, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html><body>It works!</body></html>"}
}

func (a Answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	if text, isText := a.Body.(string); isText {
		_, _ = io.WriteString(w, text) // the connector has hung up
		return
	}
	if a.Body != nil {
		_ = json.NewEncoder(w).Encode(a.Body)
	}
}
