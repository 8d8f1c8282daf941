package rehearsal

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// maxBody bounds a request and an answer.
const maxBody = 32 << 20

// proxy listens on loopback in one vendor's place.
type proxy struct {
	stage    *stage
	setting  string
	address  string
	upstream *url.URL
	onward   *http.Transport // nil in a replay: nobody is asked
	server   *http.Server
	served   chan struct{}
}

func (s *stage) newProxy(setting string, upstream *url.URL, live bool) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{
		stage: s, setting: setting, upstream: upstream,
		address: "http://" + listener.Addr().String(), served: make(chan struct{}),
	}
	if live {
		// What is kept must be readable: nothing is compressed on the way.
		p.onward = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableCompression: true}
	}
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(p.served)
		_ = p.server.Serve(listener) // ends with close
	}()
	return p, nil
}

func (p *proxy) close() {
	_ = p.server.Close()
	<-p.served
	if p.onward != nil {
		p.onward.CloseIdleConnections()
	}
}

// ServeHTTP answers from the vendor or from a recording.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler) // net/http's way to cut the connection
	}
	secrets := p.stage.secrets
	e := &Exchange{
		Setting: p.setting, Method: r.Method, Target: redactTarget(r.URL, secrets),
		Header: redactHeader(r.Header, secrets), Body: redactBody(body, secrets),
	}
	if p.onward == nil {
		p.replay(w, e)
		return
	}
	p.forward(w, r, body, e)
}

// replay answers as the recording says. Without one the connection is cut: the
// connector must not take what is missing for a vendor's answer.
func (p *proxy) replay(w http.ResponseWriter, asked *Exchange) {
	e := p.stage.next(asked)
	if e == nil || e.NoAnswer != "" {
		panic(http.ErrAbortHandler)
	}
	header := http.Header{}
	for name, value := range e.AnswerHeader {
		header.Set(name, value)
	}
	give(w, e.Status, header, e.AnswerBody)
}

func (p *proxy) forward(w http.ResponseWriter, r *http.Request, body []byte, e *Exchange) {
	status, header, answer, err := p.exchange(r, body)
	if r.Context().Err() != nil && err != nil {
		e.NoAnswer = "the connector hung up"
	} else if err != nil {
		e.NoAnswer = mask(err.Error(), p.stage.secrets)
	}
	if err != nil {
		p.stage.keep(e)
		panic(http.ErrAbortHandler)
	}
	e.Status, e.AnswerHeader, e.AnswerBody = status, redactHeader(header, p.stage.secrets), redactBody(answer, p.stage.secrets)
	p.stage.keep(e)
	give(w, status, header, answer)
}

func (p *proxy) exchange(r *http.Request, body []byte) (int, http.Header, []byte, error) {
	out := r.Clone(r.Context())
	out.RequestURI, out.Host = "", ""
	out.URL.Scheme, out.URL.Host = p.upstream.Scheme, p.upstream.Host
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	for _, name := range []string{"Accept-Encoding", "Connection", "Keep-Alive", "Proxy-Connection"} {
		out.Header.Del(name)
	}
	res, err := p.onward.RoundTrip(out)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	if err == nil && len(raw) > maxBody {
		err = fmt.Errorf("an answer of more than %d bytes", maxBody)
	}
	return res.StatusCode, res.Header, raw, err
}

func give(w http.ResponseWriter, status int, header http.Header, body []byte) {
	for name, values := range header {
		switch name {
		case "Connection", "Content-Length", "Date", "Keep-Alive", "Transfer-Encoding":
		default:
			w.Header()[name] = values
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the connector has hung up
}
