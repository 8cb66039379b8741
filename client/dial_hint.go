package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/gobwas/ws"
)

// refusal is the HTTP response to a handshake that was not accepted.
type refusal struct {
	status   int
	text     string // such as "404 Not Found"
	reason   string // of the body, or ""
	location string
}

func (r *refusal) Error() string {
	text := "server answered " + r.text
	if r.reason != "" {
		text += ": " + r.reason
	}
	return text
}

// speaksTLS is the text with which net/http answers a plain request at a port of TLS, in lower case.
const speaksTLS = "client sent an http request to an https server"

// hint adds the likeliest mistake to an error of dialing, if there is one.
func hint(err error, address string) error {
	u, parsing := url.Parse(address)
	if err == nil || parsing != nil {
		return err
	}
	if advice := adviceFor(err, u); advice != "" {
		return fmt.Errorf("%w: %s", err, advice)
	}
	return err
}

func adviceFor(err error, u *url.URL) string {
	var noTLS tls.RecordHeaderError
	var answered *refusal
	switch {
	case errors.As(err, &noTLS):
		return "the server does not speak TLS at this port: write http:// instead of https:// (ws:// for wss://, rs:// for rss://)"
	case errors.As(err, &answered):
		return answered.advice(u)
	case errors.Is(err, errSpeaksHTTP):
		return "the port is one of HTTP: write http:// instead of rs://, or the port of rawsocket.listen"
	case errors.Is(err, syscall.ECONNREFUSED) && u.Port() == "" && u.Host != "":
		return fmt.Sprintf("Config.URL names no port; a Tidings server listens at 8080 unless it is told otherwise: try %s:8080", u.Hostname())
	case errors.Is(err, syscall.ECONNREFUSED):
		return "no program listens there: is the server running, and is the port right?"
	case strings.HasPrefix(u.Scheme, "ws") && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isMalformed(err)):
		return "what answers there does not speak HTTP: a RawSocket has the scheme rs://, and TLS needs https://"
	}
	return ""
}

func isMalformed(err error) bool {
	return errors.Is(err, ws.ErrMalformedResponse) || errors.Is(err, syscall.ECONNRESET)
}

// advice returns what to do about the status.
func (r *refusal) advice(u *url.URL) string {
	switch {
	case strings.Contains(strings.ToLower(r.reason), speaksTLS):
		return "write https:// instead of http://"
	case r.status == http.StatusNotFound && u.Path != webSocketPath:
		return fmt.Sprintf("Config.URL has the path %s, and Tidings serves WebSockets at %s, unless a proxy adds a prefix: leave the path out", u.Path, webSocketPath)
	case r.status == http.StatusNotFound:
		return "is it Tidings? A proxy may serve it below a prefix: write the whole path, such as https://host/prefix/ws"
	case r.status == http.StatusUpgradeRequired || r.status == http.StatusBadRequest:
		return "a proxy in between may not pass on the headers Upgrade and Connection"
	case r.status/100 == 3:
		return "it redirects to " + r.location + ": write that as Config.URL"
	case r.status == http.StatusBadGateway || r.status == http.StatusGatewayTimeout:
		return "a proxy in between does not reach the server"
	}
	return ""
}
