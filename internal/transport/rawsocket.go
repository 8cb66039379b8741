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

	"github.com/tidings-io/tidings/internal/router"
	"github.com/tidings-io/tidings/internal/transport/frame"
)

// RawSocket is WAMP on a plain stream: TCP, TLS or a Unix socket (WAMP, "RawSocket Transport"). Four
// bytes each way open it:
//
//	client  7F  LLLLSSSS  00 00    L: takes messages of up to 2^(9+L) bytes   S: serialization
//	server  7F  LLLLSSSS  00 00    the same S, and L of what it takes itself
//	   or   7F  EEEE0000  00 00    E: why not
//
// Then frames follow, see frame.RawSocket. What is no RawSocket is closed without a word.

// RawSocketOptions is what one listener may do differently.
type RawSocketOptions struct {
	// Pings makes silent clients be pinged, and those that do not answer be dropped. Some clients in
	// the field do not know pings and break; where they are not used, the kernel's keep-alive finds
	// out who is gone.
	Pings bool
}

// rawSubprotocols names the conversation for each serialization of the handshake. 0 is none.
var rawSubprotocols = [16]string{1: "wamp.2.json", 2: "wamp.2.msgpack", 3: "wamp.2.cbor", 4: "wamp.2.ubjson"}

const (
	rawMagic = 0x7f
	// rawSmallest is the exponent that L counts from, and rawExponents how many it has.
	rawSmallest  = 9
	rawExponents = 16
)

// rawSocketError is why a handshake is refused, as the server's answer has it.
type rawSocketError byte

const (
	rawBadSerializer rawSocketError = 1
	rawReserved      rawSocketError = 3
	rawFull          rawSocketError = 4
)

// ServeRawSocket accepts connections until the listener is closed, which its owner does when Run is
// to end. The error is nil then.
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

// passes reports whether accepting may work again when others have left.
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
		if fault := recover(); fault != nil { // the edge: one connection's fault is nobody else's
			s.log.Error("a handshake failed", "panic", fault, "stack", string(debug.Stack()))
		}
		if !handedOver {
			nc.Close()
		}
	}()
	if wrong := s.reserve(); wrong != nil {
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
	c.socket = c.newSocket(nc)
	c.serve(nil, shake.response)
}

// rawHandshake is what was agreed on and the answer that says so.
type rawHandshake struct {
	agreed   *agreed
	response []byte
}

// rawSilent stands for the code of a refusal that is not told.
const rawSilent rawSocketError = 0

func (s *Server) readRaw(nc net.Conn, options RawSocketOptions) (rawHandshake, rawSocketError, *refusal) {
	var hello [4]byte
	if err := nc.SetDeadline(time.Now().Add(s.limits.Hello)); err != nil {
		return rawHandshake{}, rawSilent, refuseRawSocket("the connection is lost")
	}
	if _, err := io.ReadFull(nc, hello[:]); err != nil {
		return rawHandshake{}, rawSilent, refuseRawSocket("the handshake was not complete: " + err.Error())
	}
	if err := nc.SetDeadline(time.Time{}); err != nil {
		return rawHandshake{}, rawSilent, refuseRawSocket("the connection is lost")
	}
	serializer := hello[1] & 0x0f
	switch {
	case hello[0] != rawMagic, serializer == 0:
		return rawHandshake{}, rawSilent, refuseRawSocket("this is no handshake of RawSocket")
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

// rawProtocol is the subprotocol of a serialization, in the ways of RawSocket.
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
	exponent := rawExponent(s.limits.MaxMessage)
	framing := frame.RawSocketFraming{Limit: 1 << (rawSmallest + asked>>4)}
	peer := router.Peer{RemoteAddr: addrText(peerAddr(nc.RemoteAddr().String()))}
	if secure, ok := nc.(*tls.Conn); ok {
		state := secure.ConnectionState()
		peer.TLS, peer.Connection = true, &state
	}
	return rawHandshake{
		agreed: &agreed{
			protocol: protocol,
			codec:    frame.RawSocket{},
			rules:    frame.Rules{MaxMessage: 1 << (rawSmallest + exponent), Types: frame.Binary},
			text:     framing,
			binary:   framing,
			peer:     peer,
		},
		response: []byte{rawMagic, exponent<<4 | asked&0x0f, 0, 0},
	}
}

// rawExponent is the largest L that promises no more than limit. Half a kilobyte is the least that
// can be said.
func rawExponent(limit int) byte {
	whole := bits.Len(uint(limit)) - 1 // of the power of two below
	return byte(min(max(whole, rawSmallest), rawSmallest+rawExponents-1) - rawSmallest)
}

func refuseRawSocket(detail string) *refusal { return refuse(0, RefusedRawSocket, detail) }

func (s *Server) refuseRaw(nc net.Conn, wrong *refusal, code rawSocketError) {
	s.handshakes.refuse(wrong.Reason)
	s.log.Debug("a RawSocket was refused", "reason", wrong.Reason, "detail", wrong.Detail, "address", nc.RemoteAddr().String())
	if code == rawSilent {
		return
	}
	// Both directions: over TLS the handshake may be still to come, and it waits for the client.
	if err := nc.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return
	}
	nc.Write([]byte{rawMagic, byte(code) << 4, 0, 0}) //nolint:errcheck // it is closed next, whatever comes of it
}
