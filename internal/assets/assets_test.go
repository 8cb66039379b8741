package assets_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tidings-io/tidings/internal/assets"
	"github.com/tidings-io/tidings/web"
)

var built = fstest.MapFS{
	"index.html":                {Data: []byte("<html>")},
	"theme.js":                  {Data: []byte("theme()")},
	"assets/index-Do42o9x4.js":  {Data: []byte("run()")},
	"assets/index-B4IB3s_o.css": {Data: []byte("body {}")},
	"assets/plain.css":          {Data: []byte("p {}")},
}

func serve(t *testing.T, options assets.Options) func(method, path string, header http.Header) *http.Response {
	t.Helper()
	p, err := assets.New(built, options)
	if err != nil {
		t.Fatal(err)
	}
	return func(method, path string, header http.Header) *http.Response {
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		r.Header = header
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w.Result()
	}
}

func TestABrowserKeepsAFileAsLongAsItIsTheSame(t *testing.T) {
	ask := serve(t, assets.Options{})
	for path, want := range map[string]struct{ mediaType, keep string }{
		"/":                          {"text/html; charset=utf-8", "no-cache"},
		"/index.html":                {"text/html; charset=utf-8", "no-cache"},
		"/theme.js":                  {"text/javascript; charset=utf-8", "no-cache"},
		"/assets/plain.css":          {"text/css; charset=utf-8", "no-cache"},
		"/assets/index-Do42o9x4.js":  {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		"/assets/index-B4IB3s_o.css": {"text/css; charset=utf-8", "public, max-age=31536000, immutable"},
	} {
		got := ask("GET", path, nil)
		tag := got.Header.Get("Etag")
		if got.StatusCode != 200 || got.Header.Get("Content-Type") != want.mediaType || got.Header.Get("Cache-Control") != want.keep || len(tag) < 10 {
			t.Errorf("%s: %s %v", path, got.Status, got.Header)
		}
		if again := ask("GET", path, http.Header{"If-None-Match": {tag}}); again.StatusCode != http.StatusNotModified || again.Header.Get("Cache-Control") != want.keep {
			t.Errorf("%s, the same: %s", path, again.Status)
		}
		if other := ask("GET", path, http.Header{"If-None-Match": {`"another"`}}); other.StatusCode != http.StatusOK {
			t.Errorf("%s, another: %s", path, other.Status)
		}
	}
}

func TestEveryFileHasTheHeadersThatBindAPage(t *testing.T) {
	ask := serve(t, assets.Options{Prefix: "/shop/", Header: http.Header{"Content-Security-Policy": {"default-src 'self'"}}})
	for _, method := range []string{"GET", "HEAD"} {
		got := ask(method, "/shop/", nil)
		for key, want := range map[string]string{
			"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		} {
			if value := got.Header.Get(key); value != want {
				t.Errorf("%s: %s: %q", method, key, value)
			}
		}
	}
	if got := ask("GET", "/index.html", nil); got.StatusCode != 404 {
		t.Errorf("beside the prefix: %s", got.Status)
	}
}

func TestWhatIsNotThereIsRefused(t *testing.T) {
	ask := serve(t, assets.Options{Refuse: func(w http.ResponseWriter, status int, detail string) {
		w.WriteHeader(status)
		fmt.Fprint(w, detail)
	}})
	for path, want := range map[string]int{"/nothing": 404, "/assets/": 404, "/assets": 404, "/../assets.go": 404} {
		if got := ask("GET", path, nil); got.StatusCode != want {
			t.Errorf("%s: %s", path, got.Status)
		}
	}
	if got := ask("POST", "/", nil); got.StatusCode != 405 || got.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %s %v", got.Status, got.Header)
	}
	if got := serve(t, assets.Options{})("GET", "/nothing", nil); got.StatusCode != 404 || got.Header.Get("Cache-Control") != "" {
		t.Errorf("without a Refuse: %s", got.Status)
	}
}

func TestAFileOfAnUnknownTypeIsFoundBeforeABrowserFindsIt(t *testing.T) {
	_, err := assets.New(fstest.MapFS{"index.htm": {}}, assets.Options{})
	if err == nil || !strings.Contains(err.Error(), `index.htm: the type of ".htm" is not known`) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsBuiltCanBeServed(t *testing.T) {
	if _, err := assets.New(web.Client(), assets.Options{}); err != nil {
		t.Error(err)
	}
	if _, err := assets.New(web.Demo(), assets.Options{}); err != nil {
		t.Error(err)
	}
}
