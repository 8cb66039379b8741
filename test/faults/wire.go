//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/wamp"
)

// A way is the transport and the serialization of a client.
type way struct {
	transport     string // websocket, rawsocket
	serialization string
}

func (w way) String() string { return w.transport + "/" + w.serialization }

// ways are all ways. Clients use them in turn.
var ways = []way{
	{"websocket", "json"},
	{"rawsocket", "msgpack"},
	{"websocket", "cbor"},
	{"rawsocket", "json"},
	{"websocket", "msgpack"},
	{"rawsocket", "cbor"},
	{"websocket", "ubjson"},
	{"rawsocket", "ubjson"},
}

// wire carries messages over one connection. One goroutine at a time may receive; send and ping are safe for concurrent
// use.
type wire interface {
	send(message []byte) error
	receive() ([]byte, error)
	ping() error
	conn() net.Conn
}

// dialFunc opens a connection to a server, directly or through a proxy.
type dialFunc func(ctx context.Context, w way) (net.Conn, error)

// open opens a conversation.
func open(ctx context.Context, dial dialFunc, w way) (wire, error) {
	conn, err := dial(ctx, w)
	if err != nil {
		return nil, err
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	made, err := upgrade(conn, w)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %v: %w", w, err), conn.Close())
	}
	return made, conn.SetDeadline(time.Time{})
}

func upgrade(conn net.Conn, w way) (wire, error) {
	from := bufio.NewReaderSize(conn, 1024)
	if w.transport == "rawsocket" {
		return rawHandshake(&rawSocketWire{socket: conn, from: from}, w)
	}
	dialer := ws.Dialer{Protocols: []string{"wamp.2." + w.serialization}}
	early, _, err := dialer.Upgrade(conn, &url.URL{Scheme: "ws", Host: "127.0.0.1", Path: "/ws"})
	if err != nil {
		return nil, err
	}
	if early != nil {
		from = early
	}
	opcode := ws.OpBinary
	if w.serialization == "json" {
		opcode = ws.OpText
	}
	return &webSocketWire{socket: conn, from: from, opcode: opcode}, nil
}

// webSocketWire is a WebSocket.
type webSocketWire struct {
	socket net.Conn
	from   *bufio.Reader
	opcode ws.OpCode

	writing sync.Mutex
	out     bytes.Buffer
}

func (w *webSocketWire) conn() net.Conn            { return w.socket }
func (w *webSocketWire) send(message []byte) error { return w.frame(w.opcode, message) }
func (w *webSocketWire) ping() error               { return w.frame(ws.OpPing, nil) }

func (w *webSocketWire) frame(opcode ws.OpCode, payload []byte) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	w.out.Reset()
	f := ws.MaskFrameInPlace(ws.NewFrame(opcode, true, append([]byte(nil), payload...)))
	if err := ws.WriteFrame(&w.out, f); err != nil {
		return err
	}
	return write(w.socket, w.out.Bytes())
}

func (w *webSocketWire) receive() ([]byte, error) {
	for {
		header, err := ws.ReadHeader(w.from)
		if err != nil {
			return nil, err
		}
		payload := make([]byte, header.Length) // the server is trusted here
		if _, err := io.ReadFull(w.from, payload); err != nil {
			return nil, err
		}
		switch header.OpCode {
		case ws.OpClose:
			return nil, io.EOF
		case ws.OpPing:
			if err := w.frame(ws.OpPong, payload); err != nil {
				return nil, err
			}
		case ws.OpPong:
			return nil, nil // a sign of life
		default:
			return payload, nil
		}
	}
}

// rawSocketWire is a RawSocket.
type rawSocketWire struct {
	socket net.Conn
	from   *bufio.Reader

	writing sync.Mutex
	out     []byte
}

// rawSerializers are the numbers of serializations in the handshake of a RawSocket.
var rawSerializers = map[string]byte{"json": 1, "msgpack": 2, "cbor": 3, "ubjson": 4}

// The types of RawSocket frames.
const (
	rawMessage = 0
	rawPing    = 1
	rawPong    = 2
)

func rawHandshake(r *rawSocketWire, w way) (wire, error) {
	if _, err := r.socket.Write([]byte{0x7f, 15<<4 | rawSerializers[w.serialization], 0, 0}); err != nil {
		return nil, err
	}
	var answer [4]byte
	if _, err := io.ReadFull(r.from, answer[:]); err != nil {
		return nil, err
	}
	if answer[0] != 0x7f || answer[1]&15 != rawSerializers[w.serialization] {
		return nil, fmt.Errorf("the handshake was refused: % x", answer)
	}
	return r, nil
}

func (r *rawSocketWire) conn() net.Conn            { return r.socket }
func (r *rawSocketWire) send(message []byte) error { return r.frame(rawMessage, message) }
func (r *rawSocketWire) ping() error               { return r.frame(rawPing, nil) }

func (r *rawSocketWire) frame(kind byte, payload []byte) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.out = append(binary.BigEndian.AppendUint32(r.out[:0], uint32(kind)<<24|uint32(len(payload))), payload...)
	return write(r.socket, r.out)
}

func (r *rawSocketWire) receive() ([]byte, error) {
	for {
		var head [4]byte
		if _, err := io.ReadFull(r.from, head[:]); err != nil {
			return nil, err
		}
		payload := make([]byte, binary.BigEndian.Uint32(head[:])&0xff_ffff)
		if _, err := io.ReadFull(r.from, payload); err != nil {
			return nil, err
		}
		switch head[0] & 7 {
		case rawMessage:
			return payload, nil
		case rawPing:
			if err := r.frame(rawPong, payload); err != nil {
				return nil, err
			}
		default:
			return nil, nil
		}
	}
}

// write writes within patience.
func write(conn net.Conn, b []byte) error {
	if err := conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	_, err := conn.Write(b)
	return err
}

// session is a conversation that has joined the realm.
type session struct {
	wire
	encoding wamp.Encoding
	silence  time.Duration // after which the connection counts as dead; 0: never
}

// login is the proof of a client, and how long it bears silence.
type login struct {
	key     string        // an API key; "": anonymous
	silence time.Duration // after which a connection counts as dead; 0: never
}

// join opens a session.
func join(ctx context.Context, dial dialFunc, w way, who login) (*session, error) {
	made, err := open(ctx, dial, w)
	if err != nil {
		return nil, err
	}
	encoding, ok := wamp.EncodingFor("wamp.2." + w.serialization)
	if !ok {
		return nil, errors.Join(fmt.Errorf("there is no encoding %s", w.serialization), made.conn().Close())
	}
	s := &session{wire: made, encoding: encoding, silence: patience}
	defer func() { s.silence = who.silence }()
	if err := s.hello(who.key); err != nil {
		return nil, errors.Join(fmt.Errorf("join over %v: %w", w, err), made.conn().Close())
	}
	return s, nil
}

func (s *session) hello(key string) error {
	details := wamp.Dict{"roles": wamp.Dict{"publisher": wamp.Dict{}, "subscriber": wamp.Dict{}}}
	if key != "" {
		details["authmethods"] = []any{"ticket"}
	}
	if err := s.write(&wamp.Hello{Realm: "app", Details: details}); err != nil {
		return err
	}
	for {
		m, err := s.next()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *wamp.Welcome:
			return nil
		case *wamp.Challenge:
			if err := s.write(&wamp.Authenticate{Signature: key, Extra: wamp.Dict{}}); err != nil {
				return err
			}
		case *wamp.Abort:
			return fmt.Errorf("%s %v", m.Reason, m.Details)
		default:
			return fmt.Errorf("instead of WELCOME came %T", m)
		}
	}
}

// write sends a message.
func (s *session) write(m wamp.Message) error {
	frame, err := s.encoding.Append(nil, m)
	if err != nil {
		return err
	}
	return s.send(frame)
}

// next returns the next message. A connection that is silent for too long has ended.
func (s *session) next() (wamp.Message, error) {
	for {
		if s.silence > 0 {
			if err := s.conn().SetReadDeadline(time.Now().Add(s.silence)); err != nil {
				return nil, err
			}
		}
		frame, err := s.receive()
		if err != nil {
			return nil, err
		}
		if frame != nil {
			return s.encoding.Decode(frame)
		}
	}
}

// alive pings until the context ends. The answers keep a connection from counting as dead.
func (s *session) alive(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if s.ping() != nil {
				return // the reader finds out
			}
		case <-ctx.Done():
			return
		}
	}
}

// reset ends a connection with RST: what is on the way is lost.
func reset(conn net.Conn) error {
	socket, ok := conn.(*net.TCPConn)
	if !ok {
		return conn.Close() // a Unix socket has no RST
	}
	return errors.Join(socket.SetLinger(0), socket.Close())
}
