// Package assets serves embedded files to browsers. Browsers cache each file until it changes, and headers
// bind what a page may do. Files are sent compressed to clients that accept it.
//
// The package never lists a folder and never reads a file after [New].
package assets

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options configures [Files]. The zero value serves from the root, with the package's own headers.
type Options struct {
	// Prefix begins every path, such as /demo/; "": /.
	Prefix string
	// Header is sent with every file.
	Header http.Header
	// Version names what the files belong to. With it each file has a second address, below the version and
	// a hash of all files, under which it never changes. An older address leads to the present file.
	Version string
	// Refuse answers requests for missing files, and methods other than GET and HEAD; nil: with one line
	// of text.
	Refuse func(w http.ResponseWriter, status int, detail string)
}

// Files serves everything below its prefix. Safe for concurrent use.
type Files struct {
	options Options
	files   map[string]*file
	version string // the first part of addresses that never change; "": there are none
}

type file struct {
	content   []byte
	mediaType string
	tag       string // without quotes
	keep      string // Cache-Control
	encodings []encoding
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
		if err != nil || entry.IsDir() || path.Ext(name) == brotliExt {
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
		f.files[name].encodings = encodingsOf(files, name, content)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the files: %w", err)
	}
	if options.Version != "" {
		f.version = options.Version + "-" + f.hash()
	}
	return f, nil
}

func newFile(name, mediaType string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{content: content, mediaType: mediaType, tag: base64.RawURLEncoding.EncodeToString(sum[:16]), keep: revalidate}
	if hashed.MatchString(name) {
		f.keep = cacheForever
	}
	return f
}

// hash returns a short text that is another one if a file has changed.
func (f *Files) hash() string {
	all := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		fmt.Fprintf(all, "%s %s\n", name, f.files[name].tag)
	}
	return hex.EncodeToString(all.Sum(nil)[:6])
}

// Version returns the part of an address under which files never change; "": there is none.
func (f *Files) Version() string { return f.version }

// versioned matches the name of a file below a version, whether that is the present one or not.
var versioned = regexp.MustCompile(`^([0-9][0-9A-Za-z.+-]*-[0-9a-f]{12})/(.+)$`)

// ServeHTTP answers with a file; the file of a folder is its index.html.
func (f *Files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, below := strings.CutPrefix(r.URL.Path, f.options.Prefix)
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	version := ""
	if parts := versioned.FindStringSubmatch(name); parts != nil && f.version != "" {
		version, name = parts[1], parts[2]
	}
	found, ok := f.files[name]
	switch {
	case !ok || !below:
		f.options.Refuse(w, http.StatusNotFound, "there is nothing at "+r.URL.Path)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		f.options.Refuse(w, http.StatusMethodNotAllowed, r.Method+" is not possible on a page; allowed: GET, HEAD")
	case version != "" && version != f.version:
		f.serveOlder(w, name)
	default:
		f.serve(w, r, found, version != "")
	}
}

// serve answers with a file, in the best encoding that the client accepts.
func (f *Files) serve(w http.ResponseWriter, r *http.Request, found *file, forever bool) {
	header := w.Header()
	f.setOwn(header)
	header.Set("Content-Type", found.mediaType)
	header.Set("Cache-Control", found.keep)
	if forever {
		header.Set("Cache-Control", cacheForever)
	} else if f.version != "" {
		header.Set("Content-Location", f.version+"/"+path.Base(r.URL.Path)) // relative: a proxy may add a prefix
	}
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin")
	content, tag := found.content, found.tag
	if len(found.encodings) > 0 {
		header.Add("Vary", "Accept-Encoding")
	}
	if encoding := accepted(r, found.encodings); encoding != nil {
		header.Set("Content-Encoding", encoding.name)
		content, tag = encoding.body(), tag+encoding.suffix
		header.Set("Content-Length", strconv.Itoa(len(content))) // ServeContent leaves it out of an encoded file
	}
	header.Set("Etag", `"`+tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// serveOlder leads from the address of another version to the short one: pages that name it go on working.
func (f *Files) serveOlder(w http.ResponseWriter, name string) {
	f.setOwn(w.Header())
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", strings.Repeat("../", strings.Count(name, "/")+1)+name) // a proxy may add a prefix
	w.WriteHeader(http.StatusTemporaryRedirect)
}

func (f *Files) setOwn(header http.Header) {
	for key, values := range f.options.Header {
		header[key] = slices.Clone(values)
	}
}

// Interface guards.
var _ http.Handler = (*Files)(nil)
