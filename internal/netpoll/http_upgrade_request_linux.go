package netpoll

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"sync"
)

// requestReader has the buffers that a request for an upgrade is read into. net/http gets a request that is larger.
type requestReader struct {
	bytes  [4 << 10]byte
	source bytes.Reader
	lines  *bufio.Reader
}

var requestReaders = sync.Pool{New: func() any { return &requestReader{lines: bufio.NewReaderSize(nil, 4<<10)} }}

// parse returns the request for an upgrade at path that b begins with and its length, or nil if b begins with anything
// else.
func (r *requestReader) parse(b []byte, path string) (request *http.Request, length int) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 || !asksFor(b, path) || !isPlain(b[:end]) {
		return nil, 0
	}
	length = end + 4
	r.source.Reset(b[:length])
	r.lines.Reset(&r.source)
	request, err := http.ReadRequest(r.lines)
	if err != nil || !isUpgrade(request) {
		return nil, 0
	}
	return request, length
}

// isUpgrade reports whether a request is one for an upgrade that net/http would pass to its handler.
func isUpgrade(r *http.Request) bool {
	return r.Header.Get("Upgrade") != "" && r.Header.Get("Expect") == "" && !r.Close &&
		r.Proto == "HTTP/1.1" && r.Body == http.NoBody && consistsOf(r.Host, alphanumeric+".-:[]")
}

// asksFor reports whether b begins with GET and path.
func asksFor(b []byte, path string) bool {
	rest, ok := bytes.CutPrefix(b, []byte("GET "))
	if !ok {
		return false
	}
	rest, ok = bytes.CutPrefix(rest, []byte(path))
	return ok && len(rest) > 0 && (rest[0] == ' ' || rest[0] == '?')
}

// isPlain reports whether a head has only visible ASCII characters and no header line that continues the previous one.
func isPlain(head []byte) bool {
	first := true
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		for _, c := range line {
			if c < ' ' || c > '~' {
				return false
			}
		}
		name, _, found := bytes.Cut(line, []byte(":"))
		if !first && (!found || !consistsOf(string(name), alphanumeric+"-_")) {
			return false
		}
		first = false
	}
	return true
}

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// consistsOf reports whether s is not empty and has only these characters.
func consistsOf(s, characters string) bool { return s != "" && strings.Trim(s, characters) == "" }
