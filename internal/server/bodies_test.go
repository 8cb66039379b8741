package server_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// post sends a body to the HTTP API. Headers are name, value, ...
func (r *running) post(path, body string, headers ...string) answered {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), "POST", r.url+"/api/v1/"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+allKey)
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	return r.send(request)
}

func TestBodiesAreTakenWithoutContentEncoding(t *testing.T) {
	r := start(t, basic+"topics: {a: {subscribe: backend, publish: backend}}\n")
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, `{"topic":"a"}`)
	w.Close()
	for _, encoding := range []string{"gzip", "br", "deflate", "zstd", "nonsense", "gzip, gzip"} {
		for _, path := range []string{"publish", "publish/batch", "call", "tickets", "invalidate"} {
			got := r.post(path, packed.String(), "Content-Encoding", encoding)
			got.refused(415, `not in the encoding "`+encoding+`": send plain JSON without Content-Encoding`)
			if got.header.Get("Accept-Encoding") != "identity" {
				t.Errorf("%s: %v", path, got.header)
			}
		}
	}
	r.post("publish", `{"topic":"a"}`, "Content-Encoding", "identity").as(200, nil)
	if got := r.fetch("GET", "/api/v1/topics", "Content-Encoding", "gzip", "Authorization", "Bearer "+allKey); got.status != 200 {
		t.Errorf("a request without a body: %d %s", got.status, got.body)
	}
}

func TestAnEmptyListIsAnEmptyMapInBodies(t *testing.T) {
	r := start(t, basic+"topics: {a: {subscribe: backend, publish: backend}}\nprocedures: {p: {call: backend, register: backend}}\n")
	r.post("tickets", `{"user":"42","roles":[],"claims":[]}`).as(201, nil)
	r.post("tickets", `{"user":"42","claims":{"list":[]}}`).as(201, nil)
	r.post("tickets", `{"user":"42","claims":[1]}`).refused(422, "body.claims: expected object")
	r.post("tickets", `[]`).refused(422, "user")
	r.post("publish", `{"topic":"a","args":[],"kwargs":[]}`).as(200, nil)
	r.post("publish", `[]`).refused(422, "")
	r.post("publish/batch", `{"events":[[]]}`).refused(422, "")
	r.post("call", `{"procedure":"p","args":[],"kwargs":[]}`).refused(404, "p")
	r.post("invalidate", `[]`).refused(422, "")
}

func TestTheHTTPAPICanBeReadInABrowser(t *testing.T) {
	r := start(t, basic)
	page := r.fetch("GET", "/api/v1/docs")
	if page.status != 200 || page.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", page.status, page.header)
	}
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css", "page.js", "page.css", "LICENSES.txt"} {
		if !strings.Contains(string(page.body), `"docs/`+name+`"`) {
			t.Errorf("the page does not name %s", name)
		}
		plain := r.fetch("GET", "/api/v1/docs/"+name, "Accept-Encoding", "identity")
		packed := r.fetch("GET", "/api/v1/docs/"+name, "Accept-Encoding", "br, gzip;q=0.5")
		none := r.fetch("GET", "/api/v1/docs/"+name, "Accept-Encoding", "gzip;q=0.0")
		for _, got := range []answered{plain, packed, none} {
			if got.status != 200 || !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';") {
				t.Errorf("%s: %d %v", name, got.status, got.header)
			}
		}
		body := packed.body
		if packed.header.Get("Content-Encoding") == "gzip" {
			unpacked, err := gzip.NewReader(bytes.NewReader(packed.body))
			if err != nil {
				t.Fatal(err)
			}
			if body, err = io.ReadAll(unpacked); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(plain.body, body) || !bytes.Equal(plain.body, none.body) || plain.header.Get("Content-Encoding")+none.header.Get("Content-Encoding") != "" {
			t.Errorf("%s differs by its encoding", name)
		}
		if same := r.fetch("GET", "/api/v1/docs/"+name, "Accept-Encoding", "gzip", "If-None-Match", packed.header.Get("Etag")); same.status != 304 {
			t.Errorf("%s again: %d", name, same.status)
		}
	}
	for _, path := range []string{"/api/v1/docs/", "/api/v1/docs/nothing", "/api/v1/docs/swagger-ui.css.gz"} {
		r.fetch("GET", path).refused(404, "there is nothing at "+path)
	}
}
