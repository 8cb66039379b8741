package netpoll

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

// acceptedConn is an accepted connection whose request is not read yet. The handler of the upgrade sees it as an
// [http.ResponseWriter], and takes the descriptor with Loop.Hijack.
type acceptedConn struct {
	listener *upgradeListener
	fd       int // -1: taken over, passed on or closed
	remote   netip.AddrPort
	early    []byte // the bytes behind the request

	// The response, if the upgrade is refused.
	header http.Header
	status int
	body   bytes.Buffer
}

// run reads the request, in a worker. It is a task.
func (a *acceptedConn) run() {
	defer a.listener.inFlight.Done()
	defer a.recovered()
	room := requestReaders.Get().(*requestReader)
	defer requestReaders.Put(room)
	n, err := rawRead(a.fd, room.bytes[:])
	if err == nil && n == 0 || err != nil && !errors.Is(err, unix.EAGAIN) {
		a.close() // the client has gone
		return
	}
	prefix := room.bytes[:n]
	upgrades := &a.listener.upgrades
	request, length := room.parse(prefix, upgrades.Path)
	if request == nil || !upgrades.Accepts(request) {
		a.passOn(bytes.Clone(prefix))
		return
	}
	request.RemoteAddr = a.remote.String()
	a.early = prefix[length:]
	upgrades.Handler.ServeHTTP(a, request)
	a.refuse()
}

// recovered logs a panic of the handler and closes the connection. The other connections of the worker go on.
func (a *acceptedConn) recovered() {
	if fault := recover(); fault != nil {
		a.listener.loops[0].options.Log.Error("a handshake failed", "panic", fault, "stack", string(debug.Stack()))
		a.close()
	}
}

// takeOver implements takeoverWriter.
func (a *acceptedConn) takeOver(l *Loop, h EventHandler) (s Socket, early []byte, err error) {
	if _, err := l.events.get(); err != nil {
		return nil, nil, err
	}
	s = newEpollSocket(l, h, a.fd)
	a.fd = -1
	return s, a.early, nil
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

// refuse sends the response of a handler that did not take the connection over, and passes the connection on to
// net/http for the next request. A socket that nothing was written to has room for the response.
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
	a.passOn(bytes.Clone(a.early))
}

// passOn gives the connection to net/http, with the bytes that were read.
func (a *acceptedConn) passOn(prefix []byte) {
	file := os.NewFile(uintptr(a.fd), "connection")
	a.fd = -1
	nc, err := a.listener.adopt(file)
	switch {
	case err != nil:
		a.listener.loops[0].options.Log.Error("a connection was closed, because net/http could not get it", "error", err)
		return
	case nc.RemoteAddr() == nil: // the client has gone, and handlers need an address
		nc.Close()
		return
	}
	if plain, ok := nc.(*net.TCPConn); ok && len(prefix) > 0 {
		nc = &prefixConn{TCPConn: plain, prefix: prefix}
	}
	a.listener.passOn(nc)
}

func (a *acceptedConn) close() {
	if a.fd >= 0 {
		unix.Close(a.fd)
		a.fd = -1
	}
}

// WriteTo implements [io.WriterTo].
func (c *prefixConn) WriteTo(w io.Writer) (int64, error) {
	n := 0
	if len(c.prefix) > 0 {
		var err error
		n, err = w.Write(c.prefix)
		if c.prefix = nil; err != nil {
			return int64(n), fmt.Errorf("write the bytes that were read already: %w", err)
		}
	}
	rest, err := c.TCPConn.WriteTo(w)
	return int64(n) + rest, err
}

// Interface guards.
var (
	_ http.ResponseWriter = (*acceptedConn)(nil)
	_ takeoverWriter      = (*acceptedConn)(nil)
	_ task                = (*acceptedConn)(nil)
	_ task                = (*epollSocket)(nil)
)
