package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/wamp"
)

// RawSocket is WAMP on a plain stream: a handshake of four bytes each way, then messages behind a header of four
// bytes (WAMP, "RawSocket Transport").

const (
	rawMagic   = 0x7f
	rawLargest = 1 << 24 // the length has 24 bits; one more bit stands for exactly this
	rawMessage = 0
	rawPing    = 1
	rawPong    = 2
	rawLong    = 8 // stands for rawLargest
)

// rawSerializers are the numbers of the serializations in the handshake.
var rawSerializers = map[wamp.Serialization]byte{wamp.JSON: 1, wamp.MessagePack: 2, wamp.CBOR: 3, wamp.UBJSON: 4}

// rawAddress returns the network and address of a RawSocket URL.
func rawAddress(u *url.URL) (network, address string) {
	if u.Scheme == "rs+unix" {
		return "unix", u.Path
	}
	return "tcp", u.Host
}

// dialRaw opens a RawSocket for the configured encoding.
func dialRaw(ctx context.Context, config Config, u *url.URL) (*socket, error) {
	dial := config.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	network, address := rawAddress(u)
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if u.Scheme == "rss" {
		conn = tls.Client(conn, tlsFor(config.TLS, u.Hostname()))
	}
	encoding := config.Serialization.encoding()
	takes, err := openRaw(conn, rawSerializers[encoding.Serialization()], config.Limits.Message)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open RawSocket: %w", err), conn.Close())
	}
	return &socket{
		conn:     conn,
		encoding: encoding,
		limit:    config.Limits.Message,
		silence:  2 * config.Limits.Ping,
		written:  config.Limits.Ping,
		in:       bufio.NewReader(conn),
		wire:     rawWire{takes: takes},
	}, nil
}

func tlsFor(config *tls.Config, name string) *tls.Config {
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName != "" {
		return config
	}
	config = config.Clone()
	config.ServerName = name
	return config
}

// openRaw performs the handshake and returns the longest message that the server accepts.
func openRaw(conn net.Conn, serializer byte, limit int) (takes int, err error) {
	exponent := byte(0)
	for exponent < 15 && 1<<(10+exponent) <= limit { // an announced length must be accepted
		exponent++
	}
	if _, err := conn.Write([]byte{rawMagic, exponent<<4 | serializer, 0, 0}); err != nil {
		return 0, err
	}
	var answer [4]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return 0, err
	}
	switch {
	case answer[0] != rawMagic:
		return 0, errSpeaksHTTP
	case answer[1]&0x0f == 0:
		return 0, fmt.Errorf("server refused: %s", rawRefusal(answer[1]>>4))
	case answer[1]&0x0f != serializer:
		return 0, errors.New("server chose another serialization")
	}
	return 1 << (9 + answer[1]>>4), nil
}

// errSpeaksHTTP is the error of an answer that is none of a RawSocket. It is nearly always one of HTTP.
var errSpeaksHTTP = errors.New("server speaks something else than RawSocket")

func rawRefusal(code byte) string {
	switch code {
	case 1:
		return "it does not speak this serialization"
	case 2:
		return "it does not accept the length of messages"
	case 3:
		return "it knows no reserved bits"
	case 4:
		return "it has no room for another connection"
	}
	return fmt.Sprintf("error %d", code)
}

// rawWire frames messages for RawSocket.
type rawWire struct{ takes int }

func (rawWire) read(s *socket) ([]byte, error) {
	for {
		if err := s.alive(); err != nil {
			return nil, err
		}
		var head [4]byte
		if _, err := io.ReadFull(s.in, head[:]); err != nil {
			return nil, err
		}
		length := int(binary.BigEndian.Uint32(head[:]) & (rawLargest - 1))
		if head[0]&rawLong != 0 {
			length += rawLargest
		}
		if length > s.limit {
			return nil, fmt.Errorf("message of more than %d bytes", s.limit)
		}
		payload := make([]byte, length)
		if _, err := io.ReadFull(s.in, payload); err != nil {
			return nil, err
		}
		switch head[0] &^ rawLong {
		case rawMessage:
			return payload, nil
		case rawPing:
			s.control(ws.OpPong, payload)
		case rawPong:
		default:
			return nil, errors.New("frame of a reserved type")
		}
	}
}

func (w rawWire) message(_ wamp.Encoding, message []byte) ([]byte, error) {
	if len(message) > w.takes {
		return nil, fmt.Errorf("message of %d bytes: the server takes %d", len(message), w.takes)
	}
	return rawFrame(rawMessage, message), nil
}

// control returns no frame for a close: RawSocket has none.
func (rawWire) control(op ws.OpCode, payload []byte) ([]byte, error) {
	switch op {
	case ws.OpPing:
		return rawFrame(rawPing, payload), nil
	case ws.OpPong:
		return rawFrame(rawPong, payload), nil
	}
	return nil, nil
}

func rawFrame(kind uint32, payload []byte) []byte {
	head := kind<<24 | uint32(len(payload))
	if len(payload) == rawLargest {
		head = (kind | rawLong) << 24
	}
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(payload)), head), payload...)
}
