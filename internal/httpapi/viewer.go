package httpapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// viewerPolicy binds the page of the viewer: it runs the scripts of this server only, and asks no other server. Swagger
// UI has its icons as data, and sets styles of single elements.
const viewerPolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// packed is the ending of files that are embedded in compressed form.
const packed = ".gz"

// viewerTypes are the media types of the files of the viewer.
var viewerTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
	".js": "text/javascript; charset=utf-8", ".txt": "text/plain; charset=utf-8",
}

// viewerFile is one file of the viewer. It is read when it is asked for, which is rare.
type viewerFile struct {
	files     fs.FS
	name      string
	mediaType string
}

// addViewer serves the page that shows the OpenAPI document, at docs, and its files below. They need no key, like the
// document.
func (a *API) addViewer() error {
	if a.options.Viewer == nil {
		return nil
	}
	entries, err := fs.ReadDir(a.options.Viewer, ".")
	if err != nil {
		return fmt.Errorf("read the viewer of the API: %w", err)
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), packed)
		file := &viewerFile{a.options.Viewer, entry.Name(), viewerTypes[path.Ext(name)]}
		if file.mediaType == "" {
			return fmt.Errorf("read the viewer of the API: the type of %s is not known", name)
		}
		address := Prefix + "docs/" + name
		if name == "index.html" {
			address = Prefix + "docs"
		}
		a.mux.Handle("GET "+address, file)
	}
	return nil
}

// ServeHTTP answers with the file, compressed if it is and the client accepts that.
func (f *viewerFile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, err := fs.ReadFile(f.files, f.name)
	if err != nil { // cannot happen: it is in the program
		NewProblem(http.StatusInternalServerError, "the file cannot be read").Write(w)
		return
	}
	sum := sha256.Sum256(content)
	tag := base64.RawURLEncoding.EncodeToString(sum[:16])
	header := w.Header()
	header.Set("Content-Type", f.mediaType)
	header.Set("Content-Security-Policy", viewerPolicy)
	header.Set("Cache-Control", "no-cache")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	if strings.HasSuffix(f.name, packed) {
		header.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			header.Set("Content-Encoding", "gzip")
			tag += "-gzip"
		} else if content, err = unpack(content); err != nil {
			NewProblem(http.StatusInternalServerError, "the file cannot be read").Write(w)
			return
		}
	}
	header.Set("Etag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func unpack(content []byte) ([]byte, error) {
	plain, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("unpack a file: %w", err)
	}
	return io.ReadAll(plain)
}

// acceptsGzip reports whether a client accepts a response in gzip.
func acceptsGzip(r *http.Request) bool {
	for element := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(element), ";")
		weight = strings.ReplaceAll(weight, " ", "")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return strings.TrimRight(weight, "0.") != "q="
		}
	}
	return false
}

// Interface guards.
var _ http.Handler = (*viewerFile)(nil)
