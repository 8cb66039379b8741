package httpapi_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidings-io/tidings/internal/httpapi"
	"github.com/tidings-io/tidings/internal/router"
)

// BenchmarkPublish is one publication from the parsed request to the answer, without net/http's part.
func BenchmarkPublish(b *testing.B) {
	f := &fakes{publish: func(string, router.Publication) (router.Receipt, error) { return router.Receipt{Publication: 1}, nil }}
	api, err := httpapi.New(httpapi.Options{Keys: f, Publisher: f, Caller: f, Issuer: f, Topics: f, Sessions: f, Reloader: f})
	if err != nil {
		b.Fatal(err)
	}
	const body = `{"topic":"order.42","kwargs":{"status":"shipped","by":{"id":"42","name":"Ann Miller"},"lines":[1,2,3,4,5]}}`
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/api/v1/publish", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer publish")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
