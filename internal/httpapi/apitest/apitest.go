// Package apitest is for tests of HTTP operations: an API with the resources under test, requests, and a
// check of the OpenAPI document.
package apitest

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/httpapi"
)

// New returns an API with the resources. It accepts keys that are named like their one scope, and the key
// "all". The operations of the router lead nowhere.
func New(t testing.TB, resources ...httpapi.Resource) http.Handler {
	t.Helper()
	api, err := httpapi.New(httpapi.Options{Keys: keys{}, Resources: resources, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

type keys struct{}

// Verify implements [httpapi.Keys].
func (keys) Verify(key string) (name string, scopes []string, ok bool) {
	if key == "all" {
		return "all", []string{"*"}, true
	}
	return "the " + key + " key", []string{key}, true
}

// Request is a request to an API.
type Request struct {
	Method, Path string // the path is below [httpapi.Prefix]
	Key          string
	Body         string // JSON, or "" for none
	ContentType  string // "": application/json if there is a body
}

// Send returns the answer of an API to the request.
func (r Request) Send(t testing.TB, api http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	var body io.Reader
	if r.Body != "" {
		body = strings.NewReader(r.Body)
	}
	req := httptest.NewRequestWithContext(t.Context(), r.Method, httpapi.Prefix+r.Path, body)
	if r.Key != "" {
		req.Header.Set("Authorization", "Bearer "+r.Key)
	}
	if r.ContentType == "" && r.Body != "" {
		r.ContentType = "application/json"
	}
	if r.ContentType != "" {
		req.Header.Set("Content-Type", r.ContentType)
	}
	answer := httptest.NewRecorder()
	api.ServeHTTP(answer, req)
	return answer
}
