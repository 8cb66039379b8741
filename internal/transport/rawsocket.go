package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/bits"
	"net"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/tidings-io/tidings/internal/router/peer"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// RawSocket is WAMP on a plain stream: TCP, TLS or a Unix socket (WAMP, "RawSocket Transport"). Four
// bytes each way open it:
//
//	client  7F  LLLLSSSS  00 00    L: takes messages of up to 2^(9+L) bytes   S: serialization
//	server  7F  LLLLSSSS  00 00    the same S, and L of what it takes itself
//	   or   7F  EEEE0000  00 00    E: why not
//
// Then frames follow, see frame.RawSocket. A connection that begins with other bytes is closed without an answer.

// RawSocketOptions configure one listener.
type RawSocketOptions struct {
	// Pings sends pings to silent clients and drops clients that do not answer. Some clients in the field do not know
	// pings and break. Without pings the keep-alive of the kernel finds the clients that are gone.
	Pings bool
}

// rawSubprotocols are the subprotocols by the serializations of the handshake. 0 is none.
var rawSubprotocols = [16]string{1: "wamp.2.json", 2: "wamp.2.msgpack", 3: "wamp.2.cbor", 4: "wamp.2.ubjson"}

const (
	rawMagic = 0x7f
	// rawSmallest is the exponent of L = 0, and rawExponents the number of values of L.
	rawSmallest  = 9
	rawExponents = 16
)

// rawSocketError is the E of an answer that refuses a handshake.
type rawSocketError byte

const (
	rawBadSerializer rawSocketError = 1
	rawReserved      rawSocketError = 3
	rawFull          rawSocketError = 4
)

// ServeRawSocket accepts connections until the listener is closed, and then returns nil. The owner of the listener
// closes it when Run is to end.
func (s *Server) ServeRawSocket(listener net.Listener, options RawSocketOptions) error {
	for {
		nc, err := listener.Accept()
		switch {
		case err == nil:
			go s.openRawSocket(nc, options)
		case errors.Is(err, net.ErrClosed):
			return nil
		case passes(err):
			s.log.Warn("a connection could not be accepted", "error", err)
			<-time.After(acceptPause)
		default:
			return err
		}
	}
}

// acceptPause keeps a server without file descriptors from spinning.
const acceptPause = 50 * time.Millisecond

// passes reports whether Accept may work again when other connections have ended.
func passes(err error) bool {
	for _, passing := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR,
	} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

// openRawSocket does the handshake of one connection.
func (s *Server) openRawSocket(nc net.Conn, options RawSocketOptions) {
	handedOver := false
	defer func() {
		if fault := recover(); fault != nil { // other connections go on
			s.log.Error("a handshake failed", "panic", fault, "stack", string(debug.Stack()))
		}
		if !handedOver {
			nc.Close()
		}
	}()
	if wrong := s.reserve(false); wrong != nil {
		s.refuseRaw(nc, wrong, rawFull)
		return
	}
	defer func() {
		if !handedOver {
			s.release()
		}
	}()
	s.pending.add(nc)
	shake, code, wrong := s.readRaw(nc, options)
	if s.pending.remove(nc); wrong != nil {
		s.refuseRaw(nc, wrong, code)
		return
	}
	c := newConn(s, shake.agreed)
	if wrong := c.openConversation(context.Background(), shake.agreed); wrong != nil {
		s.refuseRaw(nc, wrong, rawFull)
		return
	}
	handedOver = true
	s.handshakes.accepted.Add(1)
	c.socket = c.shard.loop.Attach(nc, c)
	c.serve(nil, shake.response)
}

// rawHandshake is the result of a handshake and the answer to it.
type rawHandshake struct {
	agreed   *agreed
	response []byte
}

// rawSilent stands for a refusal without an answer.
const rawSilent rawSocketError = 0

func (s *Server) readRaw(nc net.Conn, options RawSocketOptions) (rawHandshake, rawSocketError, *refusal) {
	var hello [4]byte
	if err := nc.SetDeadline(time.Now().Add(s.limits().Hello)); err != nil {
		return rawHandshake{}, rawSilent, refuseRawSocket("the connection is lost")
	}
	if _, err := io.ReadFull(nc, hello[:]); err != nil {
		return rawHandshake{}, rawSilent, refuseIncomplete(err)
	}
	if err := nc.SetDeadline(time.Time{}); err != nil {
		return rawHandshake{}, rawSilent, refuseRawSocket("the connection is lost")
	}
	serializer := hello[1] & 0x0f
	switch {
	case hello[0] != rawMagic, serializer == 0:
		return rawHandshake{}, rawSilent, refuseForeign(hello)
	case hello[2] != 0, hello[3] != 0:
		return rawHandshake{}, rawReserved, refuseRawSocket("the handshake uses reserved bits")
	}
	protocol, ok := s.rawProtocol(serializer)
	if !ok {
		return rawHandshake{}, rawBadSerializer, refuseRawSocket("there is no such serialization")
	}
	if options.Pings {
		protocol.Pongs = PongsRequired
	}
	return s.settleRaw(nc, protocol, hello[1]), rawSilent, nil
}

// rawProtocol returns the subprotocol of a serialization, with the policies of RawSocket.
func (s *Server) rawProtocol(serializer byte) (Protocol, bool) {
	name := rawSubprotocols[serializer]
	for _, protocol := range s.protocols {
		if name != "" && protocol.Name == name {
			protocol.Frames, protocol.Pongs, protocol.Ends = frame.Binary, PongsNever, EndsPlainly
			return protocol, true
		}
	}
	return Protocol{}, false
}

func (s *Server) settleRaw(nc net.Conn, protocol Protocol, asked byte) rawHandshake {
	exponent := rawExponent(s.limits().MaxMessage)
	framing := frame.RawSocketFraming{Limit: 1 << (rawSmallest + asked>>4)}
	peer := peer.Peer{RemoteAddr: addrText(peerAddr(nc.RemoteAddr().String())), NoCloseCodes: true}
	if secure, ok := nc.(*tls.Conn); ok {
		state := secure.ConnectionState()
		peer.TLS, peer.TLSState = true, &state
	}
	return rawHandshake{
		agreed: &agreed{
			protocol: protocol,
			codec:    frame.RawSocket{},
			rules:    frame.Rules{MaxMessage: s.maxMessage(frame.RawSocket{}), Types: frame.Binary},
			text:     framing,
			binary:   framing,
			peer:     peer,
		},
		response: []byte{rawMagic, exponent<<4 | asked&0x0f, 0, 0},
	}
}

// rawExponent returns the largest L that promises no more than limit. The smallest promise is half a kilobyte.
func rawExponent(limit int) byte {
	whole := bits.Len(uint(limit)) - 1 // of the power of two below
	return byte(min(max(whole, rawSmallest), rawSmallest+rawExponents-1) - rawSmallest)
}

func refuseRawSocket(detail string) *refusal {
	wrong := refuse(0, RefusedRawSocket, detail)
	wrong.notice = notice{key: detail, about: []any{"transport", "rawsocket"}}
	return wrong
}

// refuseIncomplete refuses a client that has not sent four bytes. Probes of load balancers send none, so the log has a
// line only for TLS.
func refuseIncomplete(err error) *refusal {
	wrong := refuseRawSocket("the handshake was not complete: " + err.Error())
	var record tls.RecordHeaderError
	wrong.notice.quiet = !errors.As(err, &record)
	wrong.notice.key = "incomplete"
	wrong.notice.fix = "the client must begin with TLS, or the listener must be tcp:// instead of tls://"
	return wrong
}

// refuseForeign refuses a client that begins with the bytes of another protocol.
func refuseForeign(hello [4]byte) *refusal {
	const tlsHandshake = 0x16
	switch text := string(hello[:]); {
	case hello[0] == tlsHandshake:
		wrong := refuseRawSocket("the client speaks TLS, and this RawSocket listener does not")
		wrong.notice.fix = "make the listener tls://, or connect without TLS"
		return wrong
	case text == "GET " || text == "POST" || text == "HEAD":
		wrong := refuseRawSocket("the client speaks HTTP, and this listener speaks RawSocket")
		wrong.notice.fix = "WebSockets and the HTTP API are at the address of listen"
		return wrong
	}
	return refuseRawSocket("this is no handshake of RawSocket")
}

func (s *Server) refuseRaw(nc net.Conn, wrong *refusal, code rawSocketError) {
	s.handshakes.refuse(wrong.Reason)
	s.logRefusal(context.Background(), wrong, nc.RemoteAddr().String())
	if code == rawSilent {
		return
	}
	// Both directions have a deadline, because the handshake of TLS may follow and waits for the client.
	if err := nc.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return
	}
	nc.Write([]byte{rawMagic, byte(code) << 4, 0, 0}) //nolint:errcheck // it is closed next, whatever comes of it
}
