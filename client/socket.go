package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/gobwas/ws"

	"github.com/tidings-io/tidings/internal/wamp"
)

// socket is a connection that carries WAMP messages, in the frames of its wire.
type socket struct {
	wire     wire
	conn     net.Conn
	encoding wamp.Encoding
	limit    int           // bytes of one message
	silence  time.Duration // without a byte from the server for this long, the connection is lost
	written  time.Duration // the longest time of one write

	// owned by the reader
	in *bufio.Reader
	// control takes the reader's answers to pings and to a close. The writer sends them, and may overwrite the
	// payload.
	control func(op ws.OpCode, payload []byte)
}

// wire frames messages on a socket.
type wire interface {
	// read returns the next message, which the caller owns.
	read(s *socket) ([]byte, error)
	// message returns the frame of a message, and may overwrite the message.
	message(encoding wamp.Encoding, message []byte) ([]byte, error)
	// control returns a control frame, and may overwrite the payload. It returns nil if the wire has no such frame.
	control(op ws.OpCode, payload []byte) ([]byte, error)
}

// maxRefusal bounds the part of a refusal's body that is read for its reason.
const maxRefusal = 4 << 10

// dial opens a socket for the configured encoding.
func dial(ctx context.Context, config Config) (*socket, error) {
	u, err := url.Parse(config.URL)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(u.Scheme, "rs") {
		return dialRaw(ctx, config, u)
	}
	return dialWebSocket(ctx, config)
}

func dialWebSocket(ctx context.Context, config Config) (*socket, error) {
	encoding := config.Serialization.encoding()
	var refused error
	dialer := ws.Dialer{
		Protocols: []string{encoding.Subprotocol()},
		NetDial:   config.Dial,
		TLSConfig: config.TLS,
		OnStatusError: func(_ int, _ []byte, response io.Reader) {
			refused = readRefusal(response)
		},
	}
	if config.Header != nil {
		dialer.Header = ws.HandshakeHeaderHTTP(config.Header)
	}
	conn, buffered, handshake, err := dialer.Dial(ctx, config.URL)
	switch {
	case refused != nil:
		return nil, refused
	case err != nil:
		return nil, err
	}
	if handshake.Protocol == "" {
		err := fmt.Errorf("server does not speak %s", encoding.Subprotocol())
		return nil, errors.Join(err, conn.Close())
	}
	if buffered == nil {
		buffered = bufio.NewReader(conn)
	}
	return &socket{
		conn:     conn,
		encoding: encoding,
		limit:    config.Limits.Message,
		silence:  2 * config.Limits.Ping,
		written:  config.Limits.Ping,
		in:       buffered,
		wire:     webSocketWire{},
	}, nil
}

// readRefusal returns the error of an HTTP response that refuses the upgrade.
func readRefusal(response io.Reader) error {
	r, err := http.ReadResponse(bufio.NewReader(response), nil)
	if err != nil {
		return fmt.Errorf("read refusal: %w", err)
	}
	defer r.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxRefusal)) // a truncated reason is still a reason
	found := &refusal{status: r.StatusCode, text: r.Status, location: r.Header.Get("Location")}
	var problem struct {
		Detail string `json:"detail"`
	}
	if found.reason = strings.TrimSpace(string(body)); json.Unmarshal(body, &problem) == nil && problem.Detail != "" {
		found.reason = problem.Detail
	}
	return found
}

// read returns the next message, which the caller owns.
func (s *socket) read() ([]byte, error) { return s.wire.read(s) }

// alive extends the deadline for the next sign of life of the server.
func (s *socket) alive() error { return s.conn.SetReadDeadline(time.Now().Add(s.silence)) }

// webSocketWire frames messages for WebSocket.
type webSocketWire struct{}

func (webSocketWire) read(s *socket) ([]byte, error) {
	var message bytes.Buffer
	state := ws.StateClientSide
	for {
		if err := s.alive(); err != nil {
			return nil, err
		}
		header, err := ws.ReadHeader(s.in)
		if err != nil {
			return nil, err
		}
		if err := ws.CheckHeader(header, state); err != nil {
			return nil, err
		}
		if header.OpCode.IsControl() {
			if err := s.readControl(header); err != nil {
				return nil, err
			}
			continue
		}
		if header.OpCode != ws.OpContinuation && (header.OpCode == ws.OpBinary) != s.encoding.Binary() {
			return nil, fmt.Errorf("wrong frame type for %s", s.encoding.Subprotocol())
		}
		if header.Length > int64(s.limit-message.Len()) {
			return nil, fmt.Errorf("message of more than %d bytes", s.limit)
		}
		if _, err := io.CopyN(&message, s.in, header.Length); err != nil {
			return nil, err
		}
		if header.Fin {
			break
		}
		state = state.Set(ws.StateFragmented)
	}
	if !s.encoding.Binary() && !utf8.Valid(message.Bytes()) {
		return nil, errors.New("text message is not UTF-8")
	}
	return message.Bytes(), nil
}

func (s *socket) readControl(header ws.Header) error {
	payload := make([]byte, header.Length) // CheckHeader has bounded it
	if _, err := io.ReadFull(s.in, payload); err != nil {
		return err
	}
	switch header.OpCode {
	case ws.OpPing:
		s.control(ws.OpPong, payload)
	case ws.OpClose:
		err := errors.New("server closed the connection")
		if len(payload) >= 2 {
			code, reason := ws.ParseCloseFrameData(payload)
			err = fmt.Errorf("%w: %d %s", err, code, reason)
		}
		s.control(ws.OpClose, payload[:min(2, len(payload))])
		return err
	}
	return nil
}

// write writes several frames with one call.
func (s *socket) write(frames net.Buffers) error {
	if err := s.conn.SetWriteDeadline(time.Now().Add(s.written)); err != nil {
		return err
	}
	_, err := frames.WriteTo(s.conn)
	return err
}

// frame returns the frame of a message, and may overwrite the message.
func (s *socket) frame(message []byte) ([]byte, error) { return s.wire.message(s.encoding, message) }

func (webSocketWire) message(encoding wamp.Encoding, message []byte) ([]byte, error) {
	op := ws.OpText
	if encoding.Binary() {
		op = ws.OpBinary
	}
	return frame(op, message)
}

func (webSocketWire) control(op ws.OpCode, payload []byte) ([]byte, error) { return frame(op, payload) }

// frame masks the payload in place. Clients must mask, to protect proxies; masking hides nothing.
func frame(op ws.OpCode, payload []byte) ([]byte, error) {
	return ws.CompileFrame(ws.MaskFrameInPlace(ws.NewFrame(op, true, payload)))
}

// closeNormal is the payload of the close frame after a regular end.
func closeNormal() []byte {
	return binary.BigEndian.AppendUint16(nil, uint16(ws.StatusNormalClosure))
}

// Interface guards.
var (
	_ wire = webSocketWire{}
	_ wire = rawWire{}
)
