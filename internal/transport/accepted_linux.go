package transport

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// acceptedConn is a connection that has been accepted, until its request has been read. For the handler of
// the upgrade it is an [http.ResponseWriter].
type acceptedConn struct {
	listener *upgradeListener
	fd       int // -1: it is another's
	remote   netip.AddrPort
	early    []byte // what came behind the request

	// What is refused.
	header http.Header
	status int
	body   bytes.Buffer
}

// requestRoom is what the request of an upgrade is read into. A larger one is net/http's.
type requestRoom struct {
	bytes  [4 << 10]byte
	source bytes.Reader
	lines  *bufio.Reader
}

var requestRooms = sync.Pool{New: func() any { return &requestRoom{lines: bufio.NewReaderSize(nil, 4<<10)} }}

// run is a worker's: it reads what has come with the connection.
func (a *acceptedConn) run() {
	defer a.recovered()
	room := requestRooms.Get().(*requestRoom)
	defer requestRooms.Put(room)
	n, err := rawRead(a.fd, room.bytes[:])
	if err == nil && n == 0 || err != nil && !errors.Is(err, unix.EAGAIN) {
		a.close() // the client has gone
		return
	}
	begun := room.bytes[:n]
	request, length := room.parse(begun, a.listener.path)
	if request == nil || !a.listener.accepts(request) {
		a.pass(bytes.Clone(begun))
		return
	}
	request.RemoteAddr = a.remote.String()
	a.early = begun[length:]
	a.listener.server.ServeHTTP(a, request)
	a.refuse()
}

// recovered keeps a panic from taking the others along.
func (a *acceptedConn) recovered() {
	if fault := recover(); fault != nil {
		a.listener.server.log.Error("a handshake failed", "panic", fault, "stack", string(debug.Stack()))
		a.close()
	}
}

// parse gives the request for an upgrade at a path that b begins with, or nil if it is anything else.
func (room *requestRoom) parse(b []byte, path string) (request *http.Request, length int) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 || !asksFor(b, path) || !isPlain(b[:end]) {
		return nil, 0
	}
	length = end + 4
	room.source.Reset(b[:length])
	room.lines.Reset(&room.source)
	request, err := http.ReadRequest(room.lines)
	if err != nil || !isUpgrade(request) {
		return nil, 0
	}
	return request, length
}

// isUpgrade reports whether a request is one, and nothing that net/http would not let pass.
func isUpgrade(r *http.Request) bool {
	return r.Header.Get("Upgrade") != "" && r.Header.Get("Expect") == "" && !r.Close &&
		r.Proto == "HTTP/1.1" && r.Body == http.NoBody && consistsOf(r.Host, alphanumeric+".-:[]")
}

func asksFor(b []byte, path string) bool {
	rest, ok := bytes.CutPrefix(b, []byte("GET "))
	if !ok {
		return false
	}
	rest, ok = bytes.CutPrefix(rest, []byte(path))
	return ok && len(rest) > 0 && (rest[0] == ' ' || rest[0] == '?')
}

// isPlain reports whether a head has a request line and header lines of visible characters only, none of
// which goes on in the next.
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

// consistsOf reports whether there is something, of these characters only.
func consistsOf(s, characters string) bool { return s != "" && strings.Trim(s, characters) == "" }

// takeOver takes the descriptor over, and gives what was read of it behind the request.
func (a *acceptedConn) takeOver(c *conn) (l socket, early []byte, err error) {
	p, err := c.shard.loop.get()
	if err != nil {
		return nil, nil, err
	}
	taken := &epollSocket{conn: c, loop: p, fd: a.fd}
	taken.wakes.Store(1) // the handshake goes first
	a.fd = -1
	return taken, a.early, nil
}

// Header implements [http.ResponseWriter].
func (a *acceptedConn) Header() http.Header {
	if a.header == nil {
		a.header = make(http.Header)
	}
	return a.header
}

// WriteHeader implements [http.ResponseWriter].
func (a *acceptedConn) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write implements [http.ResponseWriter].
func (a *acceptedConn) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

// refuse sends what was written instead of an upgrade, and leaves what the client may ask for next to
// net/http. A socket that nothing was written to has room for it.
func (a *acceptedConn) refuse() {
	if a.fd < 0 {
		return
	}
	a.WriteHeader(http.StatusOK)
	a.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	response := http.Response{
		StatusCode: a.status, ProtoMajor: 1, ProtoMinor: 1, Header: a.Header(),
		Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()),
	}
	var written bytes.Buffer
	response.Write(&written) //nolint:errcheck // into memory
	if n, err := rawWrite(a.fd, written.Bytes()); err != nil || n < written.Len() {
		a.close()
		return
	}
	a.pass(bytes.Clone(a.early))
}

// pass gives the connection to who serves everything else, with what was read of it.
func (a *acceptedConn) pass(begun []byte) {
	file := os.NewFile(uintptr(a.fd), "connection")
	a.fd = -1
	nc, err := a.listener.adopt(file)
	switch {
	case err != nil:
		a.listener.server.log.Error("a connection could not be given to net/http", "error", err)
		return
	case nc.RemoteAddr() == nil: // it has gone, and nobody would know who had asked
		nc.Close()
		return
	}
	if plain, ok := nc.(*net.TCPConn); ok && len(begun) > 0 {
		nc = &prefixConn{TCPConn: plain, prefix: begun}
	}
	a.listener.passOn(nc)
}

func (a *acceptedConn) close() {
	if a.fd >= 0 {
		unix.Close(a.fd)
		a.fd = -1
	}
}

// prefixConn is a connection of which something was read already.
type prefixConn struct {
	*net.TCPConn
	prefix []byte
}

// Read implements [io.Reader].
func (c *prefixConn) Read(p []byte) (int, error) {
	if len(c.prefix) == 0 {
		return c.TCPConn.Read(p)
	}
	n := copy(p, c.prefix)
	if c.prefix = c.prefix[n:]; len(c.prefix) == 0 {
		c.prefix = nil
	}
	return n, nil
}

// WriteTo implements [io.WriterTo].
func (c *prefixConn) WriteTo(w io.Writer) (int64, error) {
	n := 0
	if len(c.prefix) > 0 {
		var err error
		n, err = w.Write(c.prefix)
		if c.prefix = nil; err != nil {
			return int64(n), fmt.Errorf("write what was read already: %w", err)
		}
	}
	rest, err := c.TCPConn.WriteTo(w)
	return int64(n) + rest, err
}

// Interface guards.
var (
	_ http.ResponseWriter = (*acceptedConn)(nil)
	_ takeoverWriter      = (*acceptedConn)(nil)
)
