package assets_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
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

// long is a script that is worth compressing.
var long = []byte(strings.Repeat("export const answer = 42;\n", 100))

func TestFilesAreCompressedForClientsThatAcceptIt(t *testing.T) {
	files, err := assets.New(fstest.MapFS{
		"sdk.js":    {Data: long},
		"sdk.js.br": {Data: []byte("what the build has made")},
		"other.js":  {Data: long},
		"short.js":  {Data: []byte("run()")},
		"photo.png": {Data: long},
	}, assets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(files)
	defer server.Close()
	tags := map[string]bool{}
	for _, c := range []struct{ path, accept, encoding string }{
		{"/sdk.js", "gzip, deflate, br, zstd", "br"},
		{"/sdk.js", "gzip", "gzip"},
		{"/sdk.js", "GZIP;q=0.5", "gzip"},
		{"/sdk.js", "br;q=0, gzip;q=1.0", "gzip"},
		{"/sdk.js", "*", "br"},
		{"/sdk.js", "*, br;q=0", "gzip"},
		{"/sdk.js", "*;q=0", ""},
		{"/sdk.js", "gzip;q=0", ""},
		{"/sdk.js", "gzip;q=much", ""},
		{"/sdk.js", "identity", ""},
		{"/sdk.js", "", ""},
		{"/other.js", "gzip, br", "gzip"},
		{"/short.js", "gzip, br", ""},
		{"/photo.png", "gzip, br", ""},
	} {
		response := get(t, server.URL+c.path, http.Header{"Accept-Encoding": {c.accept}})
		header := response.Header
		if header.Get("Content-Encoding") != c.encoding || response.StatusCode != 200 {
			t.Errorf("%s for %q: %s %q", c.path, c.accept, response.Status, header.Get("Content-Encoding"))
		}
		body, err := io.ReadAll(response.Body)
		if err != nil || response.ContentLength != int64(len(body)) {
			t.Errorf("%s for %q: %d bytes, announced as %d: %v", c.path, c.accept, len(body), response.ContentLength, err)
		}
		if varies := header.Get("Vary") == "Accept-Encoding"; varies != (c.path == "/sdk.js" || c.path == "/other.js") {
			t.Errorf("%s for %q: Vary: %q", c.path, c.accept, header.Get("Vary"))
		}
		switch c.encoding {
		case "gzip":
			if plain := gunzip(t, body); !bytes.Equal(plain, long) || len(body) > len(long)/4 {
				t.Errorf("%s for %q: %d bytes, %.20q", c.path, c.accept, len(body), plain)
			}
		case "br":
			if string(body) != "what the build has made" {
				t.Errorf("%s for %q: %q", c.path, c.accept, body)
			}
		}
		if c.path == "/sdk.js" {
			tags[c.encoding+" "+header.Get("Etag")] = true
		}
		again := get(t, server.URL+c.path, http.Header{"Accept-Encoding": {c.accept}, "If-None-Match": {header.Get("Etag")}})
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s for %q, the same: %s", c.path, c.accept, again.Status)
		}
	}
	if len(tags) != 3 {
		t.Errorf("each form has one tag of its own: %v", tags)
	}
	if got := get(t, server.URL+"/sdk.js.br", http.Header{}); got.StatusCode != 404 {
		t.Errorf("the form itself has an address: %s", got.Status)
	}
}

func TestAPartOfACompressedFileIsAPart(t *testing.T) {
	files, err := assets.New(fstest.MapFS{"sdk.js": {Data: long}}, assets.Options{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(files)
	defer server.Close()
	whole, err := io.ReadAll(get(t, server.URL+"/sdk.js", http.Header{"Accept-Encoding": {"gzip"}}).Body)
	if err != nil {
		t.Fatal(err)
	}
	response := get(t, server.URL+"/sdk.js", http.Header{"Accept-Encoding": {"gzip"}, "Range": {"bytes=10-19"}})
	part, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusPartialContent || !bytes.Equal(part, whole[10:20]) {
		t.Errorf("%s, %d bytes: %v", response.Status, len(part), err)
	}
}

func get(t *testing.T, url string, header http.Header) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header.Clone()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func gunzip(t *testing.T, compressed []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestAFileHasAnAddressThatNeverChanges(t *testing.T) {
	options := assets.Options{Prefix: "/client/", Version: "1.2.3", Header: http.Header{"Access-Control-Allow-Origin": {"*"}}}
	ask := serve(t, options)
	short := ask("GET", "/client/theme.js", nil)
	location := short.Header.Get("Content-Location")
	if !regexp.MustCompile(`^1\.2\.3-[0-9a-f]{12}/theme\.js$`).MatchString(location) || short.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("the short address: %v", short.Header)
	}
	for _, method := range []string{"GET", "HEAD"} {
		got := ask(method, "/client/"+location, nil)
		if got.StatusCode != 200 || got.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || got.Header.Get("Etag") != short.Header.Get("Etag") {
			t.Errorf("%s: %s %v", method, got.Status, got.Header)
		}
	}
	older := ask("GET", "/client/1.2.2-0123456789ab/theme.js", nil)
	if older.StatusCode != http.StatusTemporaryRedirect || older.Header.Get("Location") != "../theme.js" || older.Header.Get("Cache-Control") != "no-store" ||
		older.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("an older address: %s %v", older.Status, older.Header)
	}
	if deep := ask("GET", "/client/1.2.2-0123456789ab/assets/plain.css", nil); deep.Header.Get("Location") != "../../assets/plain.css" {
		t.Errorf("an older address of a folder: %s %v", deep.Status, deep.Header)
	}
	for _, path := range []string{"/client/1.2.2-0123456789ab/nothing.js", "/client/1.2.2/theme.js", "/client/" + path.Dir(location) + "/"} {
		if got := ask("GET", path, nil); (got.StatusCode == 200) != strings.HasSuffix(path, "/") { // a folder has its index.html
			t.Errorf("%s: %s", path, got.Status)
		}
	}
	changed := fstest.MapFS{}
	maps.Copy(changed, built)
	changed["index.html"] = &fstest.MapFile{Data: []byte("<html lang=en>")}
	before, err := assets.New(built, options)
	if err != nil {
		t.Fatal(err)
	}
	after, err := assets.New(changed, options)
	if err != nil {
		t.Fatal(err)
	}
	if before.Version() == after.Version() || before.Version()+"/theme.js" != location {
		t.Errorf("versions: %s, and after a change %s", before.Version(), after.Version())
	}
	if got := serve(t, assets.Options{})("GET", "/1.2.2-0123456789ab/theme.js", nil); got.StatusCode != 404 {
		t.Errorf("without a version: %s", got.Status)
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
