package transport

import (
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/transport/frame"
	"github.com/tidings-io/tidings/internal/wamp"
)

// handshake is the request of a client and the result of the negotiation (RFC 6455, 4.2).
type handshake struct {
	settings   *settings // that decide on it
	key        string
	protocol   Protocol
	extension  frame.Extension
	remote     remote
	origin     string
	userAgent  string
	connection *tls.ConnectionState // nil: TLS does not end here
	browserID  string               // value of the browser's cookie
	setCookie  *http.Cookie         // nil: it has one, or gets none
}

// negotiate checks the upgrade request. It changes nothing: a ticket is redeemed later, when nothing else can fail.
func (s *Server) negotiate(r *http.Request) (*handshake, *refusal) {
	for _, check := range []func(*http.Request) *refusal{checkMethod, checkUpgrade, checkVersion, checkKey, checkBody} {
		if wrong := check(r); wrong != nil {
			return nil, wrong
		}
	}
	by := s.current.Load()
	h := &handshake{
		settings:   by,
		key:        r.Header.Get("Sec-WebSocket-Key"),
		remote:     by.remoteOf(r),
		origin:     r.Header.Get("Origin"),
		userAgent:  r.UserAgent(),
		connection: r.TLS,
	}
	wrong := by.checkOrigin(r, h.remote)
	if wrong != nil {
		return nil, wrong
	}
	if h.protocol, wrong = s.agreeOnProtocol(r.Header); wrong != nil {
		return nil, wrong
	}
	var wellFormed bool
	if h.extension, wellFormed = frame.NegotiateExtension(r.Header.Values("Sec-WebSocket-Extensions")); !wellFormed {
		return nil, refuse(http.StatusBadRequest, RefusedExtension, "the header Sec-WebSocket-Extensions is not well-formed")
	}
	if by.Compression == CompressionOff {
		h.extension = frame.Extension{}
	}
	h.browserID, h.setCookie = by.browserIDOf(r, h.remote.tls)
	return h, nil
}

// settle returns the result of the handshake.
func (s *Server) settle(h *handshake, identity *peer.Identity) *agreed {
	return &agreed{
		protocol: h.protocol,
		codec:    frame.WebSocket{},
		rules: frame.Rules{
			MaxMessage: h.settings.Limits.MaxMessage,
			Types:      h.protocol.Frames,
			Compressed: h.extension.WindowBits != 0,
		},
		text:   frame.WebSocketFraming{Opcode: frame.OpText, WindowBits: h.extension.WindowBits},
		binary: frame.WebSocketFraming{Opcode: frame.OpBinary, WindowBits: h.extension.WindowBits},
		peer: peer.Peer{
			RemoteAddr: addrText(h.remote.addr),
			Origin:     h.origin,
			UserAgent:  h.userAgent,
			TLS:        h.remote.tls,
			Identity:   identity,
			TLSState:   h.connection,
			Cookie:     h.browserID,
		},
	}
}

func checkMethod(r *http.Request) *refusal {
	if r.Method == http.MethodGet {
		return nil
	}
	return refuse(http.StatusMethodNotAllowed, RefusedMethod,
		"a WebSocket is opened with GET; POST without a body asks whether it would be accepted").
		with("Allow", "GET, POST")
}

func checkUpgrade(r *http.Request) *refusal {
	if r.ProtoMajor == 1 && r.ProtoMinor >= 1 &&
		hasToken(r.Header, "Connection", "upgrade") && hasToken(r.Header, "Upgrade", "websocket") {
		return nil
	}
	detail := "this address speaks WebSocket: send Connection: Upgrade and Upgrade: websocket over HTTP/1.1"
	if r.Header.Get("Sec-WebSocket-Key") != "" {
		detail = "a proxy in between has removed Upgrade from the handshake of a WebSocket: it must pass Connection and Upgrade on over HTTP/1.1"
	}
	wrong := refuse(http.StatusUpgradeRequired, RefusedUpgrade, detail+"; "+passUpgrade).
		with("Upgrade", "websocket").with("Connection", "Upgrade")
	wrong.notice = notice{fix: passUpgrade}
	return wrong
}

// passUpgrade says how a proxy passes WebSockets on.
const passUpgrade = "a proxy in front of the server needs, with nginx: proxy_http_version 1.1; " +
	`proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";`

func checkVersion(r *http.Request) *refusal {
	if r.Header.Get("Sec-WebSocket-Version") == "13" {
		return nil
	}
	return refuse(http.StatusUpgradeRequired, RefusedVersion, "only version 13 of the WebSocket protocol is spoken here").
		with("Sec-WebSocket-Version", "13").with("Upgrade", "websocket").with("Connection", "Upgrade")
}

func checkKey(r *http.Request) *refusal {
	keys := r.Header.Values("Sec-WebSocket-Key")
	if len(keys) == 1 {
		if nonce, err := base64.StdEncoding.DecodeString(keys[0]); err == nil && len(nonce) == 16 {
			return nil
		}
	}
	return refuse(http.StatusBadRequest, RefusedKey, "the header Sec-WebSocket-Key must be 16 bytes in base64, once")
}

// checkBody refuses a request with a body, because its bytes would be read as frames.
func checkBody(r *http.Request) *refusal {
	if r.ContentLength == 0 && len(r.TransferEncoding) == 0 {
		return nil
	}
	return refuse(http.StatusBadRequest, RefusedBody, "the request that opens a WebSocket has no body")
}

// hasToken reports whether a header that is a list has a token, in upper or lower case.
func hasToken(header http.Header, name, token string) bool {
	for element := range elementsOf(header, name) {
		if strings.EqualFold(element, token) {
			return true
		}
	}
	return false
}

// agreeOnProtocol returns the first protocol of the client's list that the server speaks. The list is in the order of
// preference, except for jsonBatched.
func (s *Server) agreeOnProtocol(header http.Header) (Protocol, *refusal) {
	var asked []string
	for name := range elementsOf(header, "Sec-WebSocket-Protocol") {
		if asked = append(asked, name); len(asked) == maxListed { // in the order of preference
			break
		}
	}
	if len(asked) == 0 {
		asked = []string{""}
	}
	if protocol, ok := s.firstKnown(asked, s.protocols); ok {
		return protocol, nil
	}
	wrong := refuse(http.StatusBadRequest, RefusedSubprotocol, "none of the subprotocols that the client asked for is spoken here")
	for _, protocol := range s.protocols {
		if protocol.Name != "" && s.offers(protocol) {
			wrong.Protocols = append(wrong.Protocols, protocol.Name)
		}
	}
	return Protocol{}, wrong
}

// offers reports whether clients may choose a protocol: one with channels only if connections may be shared.
func (s *Server) offers(protocol Protocol) bool {
	return !protocol.Channels || s.limits().MaxChannels > 1
}

// firstKnown returns the protocol of the first name that is known, and jsonBatched only if no other name is.
func (s *Server) firstKnown(names []string, known []Protocol) (Protocol, bool) {
	var last *Protocol
	for _, name := range names {
		for _, protocol := range known {
			switch {
			case protocol.Name != name, !s.offers(protocol):
			case name == jsonBatched:
				last = &protocol
			default:
				return protocol, true
			}
		}
	}
	if last == nil {
		return Protocol{}, false
	}
	return *last, true
}

// redeem redeems the ticket in the query, for clients that cannot send one after the handshake. A request with an
// invalid ticket is refused. It is never downgraded to anonymous.
func (s *Server) redeem(r *http.Request, by *settings) (*peer.Identity, *refusal) {
	tickets, given := r.URL.Query()["ticket"]
	switch {
	case !given:
		return nil, nil
	case by.Tickets == nil:
		return nil, refuse(http.StatusUnauthorized, RefusedTicket, "this server takes no ticket in the address")
	case len(tickets) > 1:
		return nil, refuse(http.StatusUnauthorized, RefusedTicket, "there is more than one ticket in the address")
	}
	ctx, cancel := context.WithTimeout(r.Context(), by.Limits.Hello)
	defer cancel()
	identity, err := by.Tickets.Redeem(ctx, tickets[0], by.remoteOf(r).addr)
	var failure *wamp.Failure
	switch {
	case err == nil && identity != nil:
		return identity, nil
	case errors.As(err, &failure) && failure.URI == wamp.ErrAuthenticationFailed: // the ticket may be good
		return nil, refuse(http.StatusServiceUnavailable, RefusedUnchecked, failure.Message)
	case errors.As(err, &failure):
		return nil, refuse(http.StatusUnauthorized, RefusedTicket, failure.Message)
	}
	s.log.ErrorContext(r.Context(), "a ticket could not be redeemed", "error", err)
	return nil, refuse(http.StatusInternalServerError, RefusedInternal, "the ticket could not be checked; the server's log says why")
}

// acceptGUID is the constant that is hashed with the key, by SHA-1 (RFC 6455, 1.3). The hash shows that the server
// speaks WebSocket. Nothing depends on its strength.
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// response returns the 101. No header has a bracket, because OroPlatform's backend reads the first bracket as the
// beginning of its WELCOME.
func (h *handshake) response() []byte {
	sum := sha1.Sum([]byte(h.key + acceptGUID))
	b := make([]byte, 0, 512)
	b = append(b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	b = base64.StdEncoding.AppendEncode(b, sum[:])
	b = append(b, "\r\n"...)
	if h.protocol.Name != "" {
		b = append(append(append(b, "Sec-WebSocket-Protocol: "...), h.protocol.Name...), "\r\n"...)
	}
	if h.extension.Answer != "" {
		b = append(append(append(b, "Sec-WebSocket-Extensions: "...), h.extension.Answer...), "\r\n"...)
	}
	if h.setCookie != nil {
		b = append(append(append(b, "Set-Cookie: "...), h.setCookie.String()...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}
