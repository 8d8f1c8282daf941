package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/afara-dev/afara/engine/domain"
	"github.com/afara-dev/afara/engine/secret"
)

// apiFlags name an engine and a key. They are those of commands that work from
// outside, over HTTP, and need neither the database nor its master key.
type apiFlags struct {
	API string        `name:"api" help:"Base URL of the engine; default: port 8080 of this machine." default:"http://127.0.0.1:8080" var:"AFARA_API_URL" placeholder:"URL" group:"Engine:"`
	Key secret.Masked `help:"API key of the environment (afara keys create); lists of processes show flags, not variables." var:"AFARA_API_KEY" placeholder:"ID:SECRET" group:"Engine:"`
}

// apiTimeout is longer than the engine works on any request.
const apiTimeout = 45 * time.Second

// client checks the flags.
func (f *apiFlags) client() (*apiClient, error) {
	u, err := url.Parse(f.API)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, errors.New("api: not the URL of an engine: write it as https://afara.example.com")
	}
	if !f.Key.IsSet() {
		return nil, errors.New("key: is required: give AFARA_API_KEY or --key; afara keys create makes one")
	}
	return &apiClient{base: strings.TrimSuffix(f.API, "/"), key: f.Key, http: &http.Client{Timeout: apiTimeout}}, nil
}

// apiClient calls the engine's API with one key.
type apiClient struct {
	base string
	key  secret.Masked
	http *http.Client
}

// do sends in as JSON (nil: no body) and decodes the answer into out. An answer
// that is no success is an *apiError.
func (c *apiClient) do(ctx context.Context, method, path string, in, out any) error {
	req, err := c.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("engine: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return readProblem(resp)
	}
	if err := json.NewDecoder(resp.Body).Decode(out); err != nil {
		return fmt.Errorf("engine: %s %s: read the answer: %w", method, path, err)
	}
	return nil
}

func (c *apiClient) request(ctx context.Context, method, path string, in any) (*http.Request, error) {
	var body bytes.Buffer
	if in != nil {
		e := json.NewEncoder(&body)
		e.SetEscapeHTML(false) // what a person wrote goes out as it was written
		if err := e.Encode(in); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, &body)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.key.Reveal())
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// apiError is an answer of the engine that is no success.
type apiError struct {
	status     int
	retryAfter time.Duration
	// problem is what the engine said, nil where it said nothing readable.
	problem *domain.Error
	url     string
}

func (e *apiError) Error() string {
	if e.problem != nil {
		return fmt.Sprintf("engine answers %d: %s", e.status, e.problem.Error())
	}
	return fmt.Sprintf("%s answers %d %s: check that --api names an Afara engine of this version", e.url, e.status, http.StatusText(e.status))
}

// Unwrap shows the problem's faults to whoever prints errors.
func (e *apiError) Unwrap() error {
	if e.problem == nil {
		return nil
	}
	return e.problem
}

// maxProblem is longer than any problem document.
const maxProblem = 1 << 20

func readProblem(resp *http.Response) error {
	e := &apiError{status: resp.StatusCode, url: resp.Request.URL.Scheme + "://" + resp.Request.URL.Host + resp.Request.URL.Path}
	if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && s > 0 {
		e.retryAfter = time.Duration(s) * time.Second
	}
	var doc struct {
		Code   string              `json:"code"`
		Detail string              `json:"detail"`
		Errors []domain.FieldError `json:"errors"`
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem))
	if err == nil && json.Unmarshal(raw, &doc) == nil && doc.Code != "" {
		e.problem = &domain.Error{Code: doc.Code, Detail: doc.Detail, Fields: doc.Errors}
	}
	return e
}
