// Package pages serves files that a build has made and the program has in memory, to browsers: with
// what lets them keep a file as long as it is the same, and with headers that bind what a page may do.
//
// It never lists a folder, never reads a file after [New], and knows nothing of what it serves.
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

// Options say how files are served. The zero value serves them from the root, with no more than the
// package's own headers.
type Options struct {
	// Prefix is what every path begins with, such as /demo/; "": /.
	Prefix string
	// Header goes with every file.
	Header http.Header
	// Refuse answers for what is not there and for methods that change something; nil: by one line
	// of text.
	Refuse func(w http.ResponseWriter, status int, detail string)
}

// Pages is the handler of everything below its prefix.
type Pages struct {
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
	// keepForEver is for names that are given to one content and never to another.
	keepForEver = "public, max-age=31536000, immutable"
	// askFirst lets a browser keep a file and makes it ask each time whether it is the same, which
	// the tag answers.
	askFirst = "no-cache"
)

// hashed is a name in which the build has put a hash of the content.
var hashed = regexp.MustCompile(`^assets/.+-[A-Za-z0-9_-]{8}\.[a-z0-9]+$`)

// mediaTypes are the program's own, because those of the machine may be anything, and a browser that
// is told not to guess takes no script of another type.
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

// New reads the files. A file whose type is unknown is an error: it would be found out by a browser
// only.
func New(files fs.FS, options Options) (*Pages, error) {
	if options.Prefix == "" {
		options.Prefix = "/"
	}
	if options.Refuse == nil {
		options.Refuse = func(w http.ResponseWriter, status int, detail string) { http.Error(w, detail, status) }
	}
	p := &Pages{options: options, files: map[string]*file{}}
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
		p.files[name] = newFile(name, mediaType, content)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the pages: %w", err)
	}
	return p, nil
}

func newFile(name, mediaType string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{content, mediaType, `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`, askFirst}
	if hashed.MatchString(name) {
		f.keep = keepForEver
	}
	return f
}

// ServeHTTP answers with a file; a folder is its index.html.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, below := strings.CutPrefix(r.URL.Path, p.options.Prefix)
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	found, ok := p.files[name]
	switch {
	case !ok || !below:
		p.options.Refuse(w, http.StatusNotFound, "there is nothing at "+r.URL.Path)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		p.options.Refuse(w, http.StatusMethodNotAllowed, r.Method+" is not possible on a page; allowed: GET, HEAD")
		return
	}
	header := w.Header()
	for key, values := range p.options.Header {
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
var _ http.Handler = (*Pages)(nil)
