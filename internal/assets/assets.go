// Package assets serves embedded files to browsers. Browsers cache each file until it changes, and headers
// bind what a page may do.
//
// The package never lists a folder and never reads a file after [New].
package assets

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Options configures [Files]. The zero value serves from the root, with the package's own headers.
type Options struct {
	// Prefix begins every path, such as /demo/; "": /.
	Prefix string
	// Header is sent with every file.
	Header http.Header
	// Refuse answers requests for missing files, and methods other than GET and HEAD; nil: with one line
	// of text.
	Refuse func(w http.ResponseWriter, status int, detail string)
}

// Files serves everything below its prefix. Safe for concurrent use.
type Files struct {
	options Options
	files   map[string]*file
}

type file struct {
	content   []byte
	mediaType string
	tag       string
	keep      string // Cache-Control
}

const (
	// cacheForever is for names with a hash, which never get another content.
	cacheForever = "public, max-age=31536000, immutable"
	// revalidate makes a browser ask by the tag whether its copy is current.
	revalidate = "no-cache"
)

// hashed matches names in which the build has put a hash of the content.
var hashed = regexp.MustCompile(`^assets/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$`)

// mediaTypes replaces the table of the machine, which may be wrong: with nosniff, a browser runs no script of
// another type.
var mediaTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".json":  "application/json",
	".map":   "application/json",
	".md":    "text/markdown; charset=utf-8",
	".png":   "image/png",
	".svg":   "image/svg+xml",
	".ts":    "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// New reads the files. A file of an unknown type is an error, because only a browser would notice it.
func New(files fs.FS, options Options) (*Files, error) {
	if options.Prefix == "" {
		options.Prefix = "/"
	}
	if options.Refuse == nil {
		options.Refuse = func(w http.ResponseWriter, status int, detail string) { http.Error(w, detail, status) }
	}
	f := &Files{options: options, files: map[string]*file{}}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		mediaType, ok := mediaTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("%s: the type of %q is not known", name, path.Ext(name))
		}
		f.files[name] = newFile(name, mediaType, content)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the files: %w", err)
	}
	return f, nil
}

func newFile(name, mediaType string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{content, mediaType, `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, revalidate}
	if hashed.MatchString(name) {
		f.keep = cacheForever
	}
	return f
}

// ServeHTTP answers with a file; the file of a folder is its index.html.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, below := strings.CutPrefix(r.URL.Path, f.options.Prefix)
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	found, ok := f.files[name]
	switch {
	case !ok || !below:
		f.options.Refuse(w, http.StatusNotFound, "there is nothing at "+r.URL.Path)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		f.options.Refuse(w, http.StatusMethodNotAllowed, r.Method+" is not possible on a page; allowed: GET, HEAD")
		return
	}
	header := w.Header()
	for key, values := range f.options.Header {
		header[key] = slices.Clone(values)
	}
	header.Set("Content-Type", found.mediaType)
	header.Set("Etag", found.tag)
	header.Set("Cache-Control", found.keep)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(found.content))
}

// Interface guards.
var _ http.Handler = (*Files)(nil)
