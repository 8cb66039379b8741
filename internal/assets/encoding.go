package assets

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// compressible lists the types that get smaller. Images and fonts are compressed already.
var compressible = []string{".css", ".html", ".js", ".json", ".map", ".md", ".svg", ".ts"}

// leastCompressed is the length from which a file is compressed: a shorter one fits into one packet.
const leastCompressed = 1024

// encoding is one of the forms in which a file is sent.
type encoding struct {
	name   string // of Content-Encoding
	suffix string // of the entity tag
	body   func() []byte
}

// encodingsOf returns the forms of a file that are shorter, the shortest first. The build makes the brotli form and
// puts it beside the file. The gzip form is made at its first use.
func encodingsOf(files fs.FS, name string, content []byte) []encoding {
	if len(content) < leastCompressed || !slices.Contains(compressible, path.Ext(name)) {
		return nil
	}
	encodings := []encoding{{"gzip", "-gz", sync.OnceValue(func() []byte { return compressed(content) })}}
	if brotli, err := fs.ReadFile(files, name+brotliExt); err == nil {
		encodings = append([]encoding{{"br", "-br", func() []byte { return brotli }}}, encodings...)
	}
	return encodings
}

// brotliExt ends the name of a file's brotli form.
const brotliExt = ".br"

func compressed(content []byte) []byte {
	var buffer bytes.Buffer
	w, err := gzip.NewWriterLevel(&buffer, gzip.BestCompression)
	if err != nil {
		panic(err) // only an unknown level fails
	}
	w.Write(content) //nolint:errcheck // a buffer takes everything
	w.Close()
	return buffer.Bytes()
}

// accepted returns the first of the encodings that the request accepts; nil: the file as it is.
func accepted(r *http.Request, encodings []encoding) *encoding {
	header := strings.Join(r.Header.Values("Accept-Encoding"), ",")
	if header == "" {
		return nil
	}
	for i := range encodings {
		if acceptsEncoding(header, encodings[i].name) {
			return &encodings[i]
		}
	}
	return nil
}

// acceptsEncoding reads Accept-Encoding (RFC 9110, 12.5.3): a list of names, each with a weight. A weight of 0 refuses
// one, and * stands for those that the list does not name.
func acceptsEncoding(header, name string) bool {
	others := false
	for element := range strings.SplitSeq(header, ",") {
		coding, parameters, _ := strings.Cut(strings.TrimSpace(element), ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding != name && coding != "*" {
			continue
		}
		wanted := weight(parameters) > 0
		if coding == name {
			return wanted
		}
		others = wanted
	}
	return others
}

func weight(parameters string) float64 {
	key, value, found := strings.Cut(strings.TrimSpace(parameters), "=")
	if !found || !strings.EqualFold(strings.TrimSpace(key), "q") {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		return 0
	}
	return q
}
